/// What people write, by what it means.
enum KeywordSentences {
    static let stop = [
        // English
        "STOP", " Stop. ", "stop please", "STOP!!!", "ｓｔｏｐ", "please stop", "stop texting me",
        "Stop texting me, please!", "stop all",
        "STOPALL", "Unsubscribe", "unsubscribe me", "UNSUBSCRIBE PLEASE", "cancel", "Cancel, thanks", "end", "END.",
        "quit", "Quit it",
        "revoke", "opt out", "OPT-OUT", "optout", "Please opt me out", "remove me", "remove me from your list",
        "stop stop stop",
        "hi, stop messaging me", "“STOP”", "stop sending these messages", "🛑 stop 🛑", "s t o p",
        "take me off your list", "stop now thanks",
        // Spanish, French
        "ALTO", "alto por favor", "¡Parar!", "cancelar", "baja", "darme de baja por favor", "Desuscribirme",
        "no más mensajes", "fin",
        "ARRET", "Arrêt", "arrêter s'il vous plaît", "STOP svp", "désabonner", "me désabonner", "Annuler merci",
        "stop les messages",
        // German, Italian
        "STOPP", "Bitte abmelden", "abmelden!", "Kündigen", "bitte stop", "stop bitte", "Newsletter abbestellen",
        "ENDE", "abmelden danke",
        "cancellami", "Basta", "annulla grazie", "stop per favore", "disiscrivimi", "basta messaggi",
        // Portuguese, Dutch, Polish
        "PARAR", "sair", "Cancelar, por favor", "pare de enviar mensagens", "remover", "Afmelden", "uitschrijven aub",
        "stoppen met sms",
        "stop alsjeblieft", "wypisz mnie", "rezygnuję", "STOP proszę", "anuluj", "wypisz mnie teraz",
        // Russian, Arabic
        "СТОП", "пожалуйста стоп", "Стоп, спасибо", "отписаться", "отпишите меня пожалуйста", "Отмена рассылки", "توقف",
        "أوقف الرسائل",
        "إلغاء الاشتراك", "الغاء الاشتراك من فضلك", "توقف رجاء",
        // Japanese, Chinese, Korean
        "停止", "配信停止", "配信停止してください", "ストップ", "ｽﾄｯﾌﾟ", "解除お願いします", "やめてください", "メール配信停止を希望します", "退会", "退订", "退訂", "TD",
        "请退订", "取消订阅", "停止发送", "请停止发短信", "수신거부", "수신 거부", "수신거부 해주세요", "문자 그만 보내주세요", "중지", "광고 수신거부 합니다",
    ]

    static let review = [
        "please stop by", "Can you stop by the shop tomorrow?", "when does the bus stop running", "do not stop",
        "don't stop believing",
        "I want you to stop bothering my whole family with this", "how do I cancel my appointment on Friday",
        "cancel order 4411",
        "why should I unsubscribe?", "I have unsubscribed twice already", "my brother told me to quit smoking",
        "this is spam",
        "wrong number", "not interested in any of it", "leave me alone!!", "you end up calling me every day",
        "don't text me again ever",
        "no quiero cancelar mi pedido", "quiero cancelar la cita del lunes", "dejen de escribirme",
        "je veux annuler ma commande de mardi",
        "laissez-moi tranquille", "Kann ich den Termin kündigen?", "keine SMS mehr an diese Nummer",
        "Ich möchte meinen Vertrag kündigen",
        "vorrei annullare? no, annulla l'ordine 12", "quero cancelar o pedido 5", "não quero mais receber isso",
        "ik wil mijn afspraak annuleren morgen",
        "chcę anuluj zamówienie 7", "не пишите мне больше никогда", "как отменить заказ", "لا ترسلوا لي شيئا",
        "予約をキャンセルできますか", "取消订单123可以吗", "别再发了好吗你们",
        "주문 취소 가능한가요", "더 이상 보내지 마 제발요 진짜",
    ]

    static let start = [
        "START", "start please", "unstop", "Subscribe", "opt in", "OPT-IN!", "iniciar", "inscrever", "début",
        "anmelden bitte", "inizia", "aanmelden", "wznów", "старт", "начать пожалуйста", "ابدأ", "開始", "配信再開", "开始",
        "시작", "수신동의",
    ]

    static let help = [
        "HELP", "help!", "help me please", "info", "ayuda", "AIDE", "aide svp", "Hilfe", "bitte Hilfe", "aiuto",
        "ajuda", "hulp", "pomoc", "помощь",
        "مساعدة", "ヘルプ", "帮助", "도움말",
    ]

    static let human = [
        "agent", "talk to a human please", "person", "Mitarbeiter bitte", "hablar con una persona", "conseiller svp",
        "operatore", "atendente", "оператор", "担当者お願いします", "人工客服", "상담원",
    ]

    static let yes = [
        "yes", "YES!", "y", "sí", "Oui", "ja", "sim", "tak", "да", "نعم", "はい", "好的", "네", "yes please", "certo",
        "Klar!",
    ]

    static let no = ["no", "No.", "nope", "non", "nein", "não", "nee", "nie", "нет", "لا", "いいえ", "没有", "아니요"]

    static let none = [
        "", "   ", "👍", "4", "Hello", "What time do you open?", "I love this", "see you tomorrow", "thanks", "gracias",
        "merci beaucoup",
        "stopover in Paris", "nonstop", "backend team", "I'll be there", "Danke für die Info zum Termin",
        "cancellation policy?", "Haltestelle",
        "¿a qué hora abren?", "à demain", "obrigado pela ajuda rápida", "спасибо большое", "شكرا", "ありがとうございます", "谢谢",
        "감사합니다", "pizza", "12345", "https://example.com",
        "unendlich", "Where is my package", "weekend", "friend", "send more", "quite good", "Quito is nice",
    ]
}
