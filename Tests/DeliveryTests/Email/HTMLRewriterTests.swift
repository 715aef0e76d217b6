import Testing

@testable import Delivery

@Suite struct HTMLRewriterTests {
    private func rewritten(_ html: String, pixel: String? = nil) -> String {
        var output: [UInt8] = []
        HTMLRewriter.append(Array(html.utf8), pixel: pixel.map { Array($0.utf8) }, to: &output) { "T(\($0))" }
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: [
        (#"<a href="https://x.test/p">y</a>"#, #"<a href="T(https://x.test/p)">y</a>"#),
        (
            #"<A CLASS='b' HREF = 'HTTP://x.test/?a=1&amp;b=2' id=q>"#,
            #"<A CLASS='b' HREF = 'T(HTTP://x.test/?a=1&amp;b=2)' id=q>"#
        ),
        (#"<a href=https://x.test/p>y"#, #"<a href=T(https://x.test/p)>y"#),
        (#"<area shape="rect" href=" https://x.test ">"#, #"<area shape="rect" href=" T(https://x.test) ">"#),
        (#"<a title="a > b" href="https://x.test/">"#, #"<a title="a > b" href="T(https://x.test/)">"#),
        (
            #"<a href="https://x.test/a"href="https://x.test/b">"#,
            #"<a href="T(https://x.test/a)"href="https://x.test/b">"#
        ),
        ("<a\n href=\"https://x.test/\"\n>", "<a\n href=\"T(https://x.test/)\"\n>"),
        (
            #"<a href="https://x.test/?q=it's"><a href='https://x.test/2'>"#,
            #"<a href="T(https://x.test/?q=it&#39;s)"><a href='T(https://x.test/2)'>"#
        ),
    ])
    func `web links are rewritten wherever the href stands`(html: String, expected: String) {
        #expect(rewritten(html) == expected)
    }

    @Test(arguments: [
        #"<a href="mailto:a@b.test">"#, #"<a href="tel:+81">"#, ##"<a href="#top">"##, #"<a href="/relative">"#,
        #"<a href="javascript:alert(1)">"#, #"<a href="https://">"#, #"<a data-href="https://x.test/">"#,
        #"<a>href="https://x.test"</a>"#,
        #"<img src="https://x.test/i.png">"#, #"<link href="https://x.test/c.css">"#, #"<abbr href="https://x.test/">"#,
        #"<!-- <a href="https://x.test/"> -->"#, #"<!--[if mso]><a href="https://x.test/"><![endif]-->"#,
        "a < b", "<", "<a", "<a ", "<a href", "<a href=", "<!--", "<!-- <a href=https://x.test", "</a", "plain", "",
    ])
    func `everything else stays byte for byte`(html: String) {
        #expect(rewritten(html) == html)
    }

    @Test func `broken markup never loses a byte`() {
        #expect(rewritten(#"<a href="https://x.test/p"#) == #"<a href="T(https://x.test/p)"#)
        #expect(rewritten(#"<a href='https://x.test/p>y</a>"#).hasSuffix("y&lt;/a&gt;)"))
    }

    @Test func `the pixel goes before the end of the body, or to the end`() {
        #expect(rewritten("<body>x</BODY></html>", pixel: "*") == "<body>x*</BODY></html>")
        #expect(rewritten("<!-- </body> -->x", pixel: "*") == "<!-- </body> -->x*")
        #expect(rewritten("", pixel: "*") == "*")
    }

    @Test func `a rewritten link cannot leave its attribute`() {
        var output: [UInt8] = []
        HTMLRewriter.append(Array("<a href=https://x.test/>".utf8), pixel: nil, to: &output) { _ in
            "https://t/\"'<> \n&"
        }
        #expect(String(decoding: output, as: UTF8.self) == "<a href=https://t/&quot;&#39;&lt;&gt;%20%20&amp;>")
    }
}
