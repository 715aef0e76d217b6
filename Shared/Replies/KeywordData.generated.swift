// Generated from ops/data/keywords.tsv by ops/codegen/embed_keywords.py; do not edit.

enum KeywordData {
    static let table = ##"""
        # What people answer with: commands in 13 languages, the words that may stand around them, and words that are no command but mean one.
        # kind: stop (the whole message; in a sentence it is a stop word)  stop-only (as a whole message only)  hint (stop words: somebody looks)
        #       start  start-again (a start for those who are out)  help  yes  no  human (wants a person)  filler (may stand around a command)
        # words: |-separated, any case, width or accents: both sides are folded
        # source: where it is from; "ours" is judgement and may be changed
        kind	language	words	source
        stop	en	stop|stopall|stop all|unsubscribe|cancel|quit|revoke|optout|opt out	Twilio docs, Support for opt-out keywords; 47 CFR 64.1200(a)(10): stop, quit, end, revoke, opt out, cancel, unsubscribe
        stop	en	end	47 CFR 64.1200(a)(10): stop, quit, end, revoke, opt out, cancel, unsubscribe
        stop	en	remove|remove me	AWS End User Messaging SMS, keywords that opt out by default
        stop	en	unsubscribe me|opt me out|take me off|take me off your list|take me off the list|remove my number	ours: everyday wording
        stop-only	fr	td	AWS End User Messaging SMS, keywords that opt out by default
        hint	en	stopped|unsubscribing|unsubscribed|opting out|opted out|leave me alone|do not text|dont text|do not message|dont message|do not contact|dont contact|no more texts|no more messages|not interested|wrong number|spam|lose my number|harassment|lawyer	ours: everyday wording
        start	en	start|unstop|subscribe|opt in|optin|resume	Twilio docs, Support for opt-out keywords
        start-again	en	yes	Twilio docs, Support for opt-out keywords, YES after a STOP
        help	en	help|info	CTIA Messaging Principles and Best Practices, opt-out and help
        yes	en	yes|y|yep|yeah|sure|ok|okay	ours: everyday wording
        no	en	no|n|nope|nah	ours: everyday wording
        human	en	agent|human|operator|representative|person|talk to a human|speak to a human|talk to a person|speak to someone|talk to someone|real person|customer service	ours: everyday wording
        filler	en	please|pls|plz|now|thanks|thank you|thx|hi|hello|hey|me|my number|all|it|this|these|them|that|texting|texts|text|messaging|messages|message|msgs|msg|sms|sending|send|contacting|emailing|emails|email|mails|mail|alerts|notifications|marketing|ads|from|your list|list|sir|ok|already|immediately|everything|any more|anymore|i said|just|bothering|spamming|and|to|from me|calling|the|your|these texts	ours: everyday wording
        stop	es	alto|parar|pare|cancelar|baja|darme de baja|dar de baja|desuscribir|desuscribirme|no mas|detener	ours: everyday wording; ALTO, PARAR: Twilio docs, Support for opt-out keywords
        stop-only	es	fin|salir|basta	ours: everyday wording
        hint	es	no me escriba|no me escriban|no me envien|no me mande|no me manden|dejen de|deje de|borrenme|quitenme|no molesten	ours: everyday wording
        start	es	iniciar|comenzar|alta|suscribir|reanudar	ours: everyday wording
        help	es	ayuda|informacion	ours: everyday wording; AYUDA: Twilio docs, Support for opt-out keywords
        yes	es	si|claro	ours: everyday wording
        no	es	no	ours: everyday wording
        human	es	agente|operador|operadora|persona|humano|hablar con una persona|atencion al cliente	ours: everyday wording
        filler	es	por favor|porfavor|porfa|ya|gracias|hola|quiero|mensajes|mensaje|textos|sms|correos|correo|los|las|el|la|de|estos|esto|enviar|enviarme|mandar|mandarme|me|todo|todos|mas|ahora	ours: everyday wording
        stop	fr	arret|arreter|arretez|desabonner|desabonnement|me desabonner|desinscrire|desinscription|desinscrivez moi|resilier|annuler|stopper	ARRET: AWS End User Messaging SMS, keywords that opt out by default; else ours: everyday wording
        stop-only	fr	fin	ours: everyday wording
        hint	fr	ne plus recevoir|ne m ecrivez plus|ne mecrivez plus|plus de messages|laissez moi tranquille|foutez moi la paix|retirez moi|supprimez moi|cessez	ours: everyday wording
        start	fr	debut|commencer|reprendre|abonner	ours: everyday wording
        help	fr	aide|aidez moi	AIDE: CTIA Messaging Principles and Best Practices, opt-out and help
        yes	fr	oui|ouais|d accord	ours: everyday wording
        no	fr	non	ours: everyday wording
        human	fr	conseiller|conseillere|humain|une personne|operateur|parler a quelqu un|service client	ours: everyday wording
        filler	fr	s il vous plait|sil vous plait|s il te plait|svp|stp|merci|bonjour|les|des|vos|de|d|ces|sms|messages|message|textos|texto|envoyer|envois|mails|maintenant|tout|tous|je|veux|voudrais|vouloir|me|moi|la|le|tout de suite	ours: everyday wording
        stop	de	stopp|abmelden|abmeldung|abbestellen|austragen|kundigen|kuendigen|kundigung|abbestellung|beenden|widerruf|widerrufen	ours: everyday wording
        stop-only	de	ende|aus|schluss|aufhoren|aufhoeren	ours: everyday wording
        hint	de	aufhoren|aufhoeren|keine sms|keine nachrichten|keine werbung|nicht mehr schreiben|schreibt mir nicht|loscht meine nummer|loeschen sie meine nummer|loschen sie meine nummer|lasst mich in ruhe|abgemeldet|widerspreche	ours: everyday wording
        start	de	anmelden|anmeldung|starten|abonnieren|weiter	ours: everyday wording
        help	de	hilfe|infos	ours: everyday wording
        yes	de	ja|jawohl|klar|gerne	ours: everyday wording
        no	de	nein|ne|nee	ours: everyday wording
        human	de	mitarbeiter|mensch|berater|kundendienst|kundenservice|mit einem menschen sprechen|mit jemandem sprechen	ours: everyday wording
        filler	de	bitte|danke|jetzt|sofort|hallo|mich|ich|mochte|moechte|will|sms|nachrichten|nachricht|werbung|die|das|diese|den|der|mit|von|euren|ihren|alle|alles|newsletter|texte|senden|schicken|endlich|mal	ours: everyday wording
        stop	it	cancella|cancellami|cancellazione|disiscrivi|disiscrivimi|disiscrizione|annulla|ferma|basta	ours: everyday wording
        stop-only	it	fine|esci	ours: everyday wording
        hint	it	smettete|smettetela|smettila|non scrivetemi|non inviate|non mandate|toglietemi|lasciatemi in pace|non voglio piu	ours: everyday wording
        start	it	inizia|iniziare|iscrivi|iscrivimi|riprendi	ours: everyday wording
        help	it	aiuto|informazioni	ours: everyday wording
        yes	it	certo	ours: everyday wording
        no	it	no	ours: everyday wording
        human	it	operatore|operatrice|umano|una persona|assistenza clienti|parlare con qualcuno	ours: everyday wording
        filler	it	per favore|perfavore|per piacere|grazie|ciao|messaggi|messaggio|sms|di|i|gli|la|il|mi|me|adesso|ora|subito|inviare|mandare|tutto|tutti|questi|dalla lista	ours: everyday wording
        stop	pt	parar|pare|cancelar|sair|descadastrar|descadastre|remover|cancele|cancela	ours: everyday wording
        stop-only	pt	fim|chega	ours: everyday wording
        hint	pt	nao quero mais|nao me mande|nao me mandem|nao me envie|nao enviem|me tirem|me tira|me deixe em paz|parem	ours: everyday wording
        start	pt	iniciar|comecar|voltar|inscrever	ours: everyday wording
        help	pt	ajuda|informacoes	ours: everyday wording
        yes	pt	sim	ours: everyday wording
        no	pt	nao	ours: everyday wording
        human	pt	atendente|humano|pessoa|operador|falar com alguem|falar com uma pessoa	ours: everyday wording
        filler	pt	por favor|favor|obrigado|obrigada|ola|oi|mensagens|mensagem|sms|as|os|de|estas|essas|me|eu|quero|enviar|mandar|agora|ja|tudo|todas|da lista	ours: everyday wording
        stop	nl	stoppen|afmelden|uitschrijven|opzeggen|annuleren|afmelding|schrijf me uit|meld me af	ours: everyday wording
        stop-only	nl	einde|uit	ours: everyday wording
        hint	nl	geen sms|geen berichten|geen reclame|niet meer sturen|laat me met rust|verwijder mijn nummer|hou op|houd op	ours: everyday wording
        start	nl	aanmelden|starten|inschrijven|hervat	ours: everyday wording
        help	nl	hulp	ours: everyday wording
        yes	nl	ja|jawel|graag	ours: everyday wording
        no	nl	nee|neen	ours: everyday wording
        human	nl	medewerker|mens|klantenservice|iemand spreken	ours: everyday wording
        filler	nl	alsjeblieft|alstublieft|aub|ajb|svp|bedankt|dank u|nu|direct|hallo|mij|me|ik|wil|met|de|het|deze|sms|berichten|bericht|sturen|van|alle|alles|graag	ours: everyday wording
        stop	pl	stopuj|rezygnuje|rezygnacja|wypisz|wypisz mnie|wypisac|anuluj|zrezygnuj|wycofuje zgode|przestancie|przestan	ours: everyday wording
        stop-only	pl	koniec|dosc	ours: everyday wording
        hint	pl	nie piszcie|nie wysylajcie|nie chce|zostawcie mnie|usuncie moj numer|prosze nie	ours: everyday wording
        start	pl	zacznij|zapisz|wznow	ours: everyday wording
        help	pl	pomoc|informacja	ours: everyday wording
        yes	pl	tak	ours: everyday wording
        no	pl	nie	ours: everyday wording
        human	pl	konsultant|konsultanta|czlowiek|czlowiekiem|obsluga klienta	ours: everyday wording
        filler	pl	prosze|dziekuje|dzieki|juz|teraz|natychmiast|mnie|mi|sms|smsy|smsow|wiadomosci|wiadomosc|wysylac|wysylania|pisac|te|tych|z|wszystko|czesc	ours: everyday wording
        stop	ru	стоп|отписаться|отписка|отпишите|отпишите меня|отмена|отменить|отказ|отказаться|прекратить|прекратите|остановить	ours: everyday wording
        stop-only	ru	конец|хватит|выход	ours: everyday wording
        hint	ru	не пишите|не присылайте|не надо|не беспокоить|не беспокойте|удалите мой номер|удалите меня|отстаньте|не хочу	ours: everyday wording
        start	ru	старт|начать|подписаться|возобновить	ours: everyday wording
        help	ru	помощь|помогите|инфо|справка	ours: everyday wording
        yes	ru	да|ага|конечно	ours: everyday wording
        no	ru	нет|не	ours: everyday wording
        human	ru	оператор|оператора|человек|человеком|менеджер	ours: everyday wording
        filler	ru	пожалуйста|пж|спасибо|сейчас|уже|немедленно|мне|меня|смс|sms|сообщения|сообщений|сообщение|рассылку|рассылки|рассылка|от|из|вашей|эту|эти|все|слать|присылать|писать|хочу|привет|здравствуйте	ours: everyday wording
        stop	ar	توقف|ايقاف|أوقف|أوقفوا|الغاء|إلغاء|إلغاء الاشتراك|الغاء الاشتراك|قف|ستوب	ours: everyday wording
        stop-only	ar	كفى|انهاء	ours: everyday wording
        hint	ar	لا ترسل|لا ترسلوا|لا أريد|لا اريد|ازالة رقمي|احذفوا رقمي	ours: everyday wording
        start	ar	ابدأ|بدء|اشتراك	ours: everyday wording
        help	ar	مساعدة|معلومات	ours: everyday wording
        yes	ar	نعم|اي|ايوه	ours: everyday wording
        no	ar	لا	ours: everyday wording
        human	ar	موظف|انسان|شخص|خدمة العملاء	ours: everyday wording
        filler	ar	من فضلك|رجاء|الرجاء|لو سمحت|شكرا|الآن|الرسائل|رسائل|الرسالة|هذه|عن|ارسال|إرسال|لي|sms|كل|مرحبا	ours: everyday wording
        stop	ja	停止|配信停止|ストップ|解除|配信解除|登録解除|退会|中止|解約|やめて|止めて|キャンセル	ours: everyday wording
        stop-only	ja	終了|不要	ours: everyday wording
        hint	ja	送らないで|送らないでください|いりません|迷惑|やめろ|配信不要|届かないように	ours: everyday wording
        start	ja	開始|再開|登録|スタート|配信再開	ours: everyday wording
        help	ja	ヘルプ|助けて|案内	ours: everyday wording
        yes	ja	はい|ええ|うん	ours: everyday wording
        no	ja	いいえ|いや|ちがいます	ours: everyday wording
        human	ja	オペレーター|担当者|人間|人と話したい	ours: everyday wording
        filler	ja	ください|下さい|お願いします|お願い致します|おねがいします|してください|して下さい|して|希望|希望します|します|を|の|に|は|です|メール|メッセージ|ショートメール|sms|配信|もう|すぐに|今すぐ|ありがとう|すみません|こんにちは	ours: everyday wording
        stop	zh	停止|退订|退訂|取消|td|退出|取消订阅|取消訂閱	TD (退订): practice of Chinese carriers; else ours: everyday wording
        stop-only	zh	结束|結束|停	ours: everyday wording
        hint	zh	不要再发|不要再發|别再发|別再發|别发了|別發了|不要发|不要發|骚扰|騷擾|拉黑|投诉|投訴|勿扰	ours: everyday wording
        start	zh	开始|開始|订阅|訂閱|恢复|恢復	ours: everyday wording
        help	zh	帮助|幫助|幫忙|帮忙	ours: everyday wording
        yes	zh	是|是的|好|好的|对|對	ours: everyday wording
        no	zh	不|不是|否|没有|沒有	ours: everyday wording
        human	zh	人工|人工客服|客服|真人	ours: everyday wording
        filler	zh	请|請|谢谢|謝謝|你好|您好|我|要|我要|短信|簡訊|简讯|信息|消息|訊息|发送|發送|发|發|所有|马上|立即|现在|現在|吧|了|的|给我|給我	ours: everyday wording
        stop	ko	수신거부|수신 거부|거부|중지|그만|해지|정지|취소|스톱|수신거절	수신거부: Network Act art. 50(4); else ours: everyday wording
        stop-only	ko	종료|끝	ours: everyday wording
        hint	ko	보내지 마|보내지마|그만 보내|스팸|차단|연락하지 마|연락하지마	ours: everyday wording
        start	ko	시작|수신동의|재개|구독	ours: everyday wording
        help	ko	도움|도움말|안내	ours: everyday wording
        yes	ko	네|예|응|그래	ours: everyday wording
        no	ko	아니오|아니요|아니	ours: everyday wording
        human	ko	상담원|사람|상담사|고객센터	ours: everyday wording
        filler	ko	해주세요|해 주세요|하세요|요|좀|제발|부탁|부탁드립니다|부탁합니다|합니다|할게요|감사합니다|문자|메시지|메세지|광고|보내세요|보내주세요|보내지|안녕하세요|지금|이제|를|을|sms|다	ours: everyday wording
        """##
}
