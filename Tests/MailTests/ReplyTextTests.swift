import Mail
import Testing

@Suite struct ReplyTextTests {
    static let replies: [(program: String, text: String)] = [
        (
            "Gmail",
            "Yes please!\n\nOn Mon, Nov 2, 2026 at 10:00 AM Shop <r+x@reply.test> wrote:\n\n> Do you want it?\n>\n"
        ),
        (
            "Gmail, attribution in two lines",
            "Yes please!\n\nOn Mon, Nov 2, 2026 at 10:00 AM The Shop With a Long Name\n<r+abcdef@reply.test> wrote:\n\n> Do you?\n"
        ),
        ("Apple Mail", "Yes please!\n\n> On 2 Nov 2026, at 10:00, Shop <r@x.test> wrote:\n> \n> Do you?\n"),
        (
            "iPhone",
            "Yes please!\n\nSent from my iPhone\n\n> On 2 Nov 2026, at 10:00, Shop <r@x.test> wrote:\n> \n> Do you?\n"
        ),
        (
            "Outlook",
            "Yes please!\r\n\r\n-----Original Message-----\r\nFrom: Shop\r\nSent: Monday\r\nTo: me\r\nSubject: x\r\n\r\nDo you?\r\n"
        ),
        (
            "Outlook on the web",
            "Yes please!\n\n________________________________\nFrom: Shop <r@x.test>\nSent: Monday, November 2, 2026\nTo: me\nSubject: x\n\nDo you?"
        ),
        (
            "Outlook, German",
            "Yes please!\n\nVon: Shop <r@x.test>\nGesendet: Montag, 2. November 2026 10:00\nAn: ich\nBetreff: x\n\nWollen Sie?"
        ),
        (
            "Outlook for iOS",
            "Yes please!\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Shop <r@x.test>\nSent: Monday\nTo: me\nSubject: x\n\nDo you?"
        ),
        ("Thunderbird", "Yes please!\n\nAm 02.11.26 um 10:00 schrieb Shop:\n> Wollen Sie?\n"),
        ("Thunderbird below the quote", "Am 02.11.26 um 10:00 schrieb Shop:\n> Wollen Sie?\n> Ja?\n\nYes please!\n"),
        ("French", "Yes please!\n\nLe lun. 2 nov. 2026 à 10:00, Shop <r@x.test> a écrit :\n\n> Voulez-vous ?\n"),
        ("Spanish", "Yes please!\n\nEl lun, 2 nov 2026 a las 10:00, Shop (<r@x.test>) escribió:\n\n> ¿Quieres?\n"),
        ("Italian", "Yes please!\n\nIl giorno lun 2 nov 2026 alle ore 10:00 Shop <r@x.test> ha scritto:\n\n> Vuoi?\n"),
        ("Portuguese", "Yes please!\n\nEm seg., 2 de nov. de 2026 às 10:00, Shop <r@x.test> escreveu:\n\n> Quer?\n"),
        ("Dutch", "Yes please!\n\nOp ma 2 nov 2026 om 10:00 schreef Shop <r@x.test>:\n\n> Wilt u?\n"),
        ("Swedish", "Yes please!\n\nDen mån 2 nov. 2026 kl 10:00 skrev Shop <r@x.test>:\n\n> Vill du?\n"),
        ("Polish", "Yes please!\n\npon., 2 lis 2026 o 10:00 Shop <r@x.test> napisał(a):\n\n> Chcesz?\n"),
        ("Russian", "Yes please!\n\nпн, 2 нояб. 2026 г. в 10:00, Shop <r@x.test>:\n> Хотите?\n"),
        (
            "Russian, Mail.ru",
            "Yes please!\n\n2 ноября 2026, 10:00 пользователь Shop <r@x.test> написал:\n\n> Хотите?\n"
        ),
        ("Japanese", "Yes please!\n\n2026年11月2日(月) 10:00 Shop <r@x.test>さんは書きました:\n\n> いかがですか\n"),
        ("Chinese", "Yes please!\n\nShop <r@x.test> 于2026年11月2日周一 10:00写道：\n\n> 您要吗？\n"),
        (
            "QQ",
            "Yes please!\n\n------------------ 原始邮件 ------------------\n发件人: \"Shop\";\n发送时间: 2026年\n收件人: me\n\n您要吗？"
        ),
        ("Korean", "Yes please!\n\n2026년 11월 2일 (월) 오전 10:00, Shop <r@x.test>님이 작성:\n\n> 원하세요?\n"),
        ("Turkish", "Yes please!\n\nShop <r@x.test>, 2 Kas 2026 Pzt, 10:00 tarihinde şunu yazdı:\n\n> İster misin?\n"),
        ("a signature", "Yes please!\n\n-- \nJo Doe\nDirector of Things\n"),
        ("a signature and a quote", "Yes please!\n-- \nJo\n\nOn 2 Nov 2026, Shop <r@x.test> wrote:\n> Do you?\n"),
        ("nothing around it", "Yes please!\n"),
    ]

    @Test(arguments: replies)
    func `the new text is left`(program: String, text: String) {
        #expect(ReplyText.new(text) == "Yes please!", "\(program)")
    }

    @Test func `answers between the lines of a quote stay`() {
        let text = "On 2 Nov 2026, Shop <r@x.test> wrote:\n> Which size?\nMedium.\n\n> Which colour?\nBlue.\n"
        #expect(ReplyText.new(text) == "Medium.\n\nBlue.")
    }

    @Test(arguments: [
        "I said to her:\nno.", "From: where I sit, it is fine.", "Note 2: she wrote it.", "-- not a signature", "a > b",
        "He wrote 2 letters:\none and two.",
    ])
    func `what only looks like a quote stays`(text: String) {
        // "He wrote 2 letters:" is an attribution by all signs; then everything is better than nothing.
        #expect(ReplyText.new(text) == text)
    }

    @Test func `a mail that only quotes has the quote's frame as its text at most`() {
        #expect(ReplyText.new("> one\n> two\n") == "")
    }

    @Test(arguments: [
        (
            "<div dir=\"ltr\">Yes &amp; please&nbsp;<b>now</b></div><br><div class=\"gmail_quote\"><div class=\"gmail_attr\">On Mon, Shop wrote:<br></div><blockquote>Do you?</blockquote></div>",
            "Yes & please now"
        ),
        (
            "<html><head><style>p{color:red}</style></head><body><p>Ja,&#32;gerne!<br>Gr&uuml;&szlig;e</p><hr><div id=\"divRplyFwdMsg\">Von: Shop</div></body></html>",
            "Ja, gerne!\nGrüße"
        ),
        ("<p>one</p><blockquote type=cite>quoted <b>text</b></blockquote><p>two</p>", "one\ntwo"),
        ("<!-- <p>no</p> --><p>1 < 2 &unknown; &#x1F600;", "1 < 2 &unknown; 😀"),
    ])
    func `a mail without plain text is read from its HTML`(html: String, text: String) {
        let raw = "Content-Type: text/html; charset=utf-8\n\n" + html
        #expect(ReplyText.written(ParsedMail(Array(raw.utf8))) == text)
    }

    @Test func `flowed lines are one line`() {
        let raw = "Content-Type: text/plain; format=flowed\n\nThis is \none line.\n>quoted \n>more\n-- \nJo\n"
        #expect(ReplyText.written(ParsedMail(Array(raw.utf8))) == "This is one line.")
    }
}
