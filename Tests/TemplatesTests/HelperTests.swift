import Core
import Templates
import Testing

@Suite struct HelperTests {
    static let conditions: [Case] = [
        Case("{{eq a 17 yes='y' no='n'}}{{eq a \"17.0\" yes='y' no='n'}}", ["a": "17"], "yy"),
        Case("{{eq a \"x\"}} {{neq a \"x\"}}", ["a": "x"], "true false"),
        Case("{{eq a b}}{{eq a \"\"}}", [:], "truetrue"),
        Case("{{gt a \"9\"}}{{gte a 17}}{{lt a 9}}{{lte a 17}}", ["a": "17"], "truetruefalsetrue"),
        Case("{{gt \"b\" \"a\"}}{{lt \"B\" \"a\"}}", [:], "truetrue"),
        Case("{{gt a 1}}{{lt a 1}}{{gte a 0}}{{lte a 0}}", [:], "falsefalsefalsefalse"),
        Case("{{and a b yes=a no='n'}}{{or a b yes='y'}}{{not a yes='y' no='n'}}", ["a": "A"], "nyn"),
        Case("{{and 1 2 3}}{{or 0 \"\" null}}", [:], "truefalse"),
    ]

    static let texts: [Case] = [
        Case(
            "{{abbreviate \"Alejandro\" 6}}|{{abbreviate \"Al\" 6}}|{{abbreviate a 4}}", ["a": "éèüñö"],
            "Ale...|Al|é..."),
        Case(
            "{{capitalize \"jane doe-SMITH\"}}|{{capitalize \"jane DOE\" fully=true}}", [:], "Jane Doe-SMITH|Jane Doe"),
        Case("{{capitalizeFirst \"jane doe\"}}|{{capitalizeFirst \"\"}}", [:], "Jane doe|"),
        Case(
            "[{{center \"ab\" size=7}}][{{center \"ab\" size=5 pad=\"*\"}}][{{center \"abc\" size=2}}]", [:],
            "[  ab   ][*ab**][abc]"),
        Case("{{cut \"Los Angeles\" \"e\"}}|{{cut \"Los Angeles\"}}|{{cut \"x\" \"\"}}", [:], "Los Angls|LosAngeles|x"),
        Case(
            "{{inflect 1 \"item\" \"items\"}} {{inflect 2 \"item\" \"items\" includeCount=true}} {{inflect n \"item\" \"items\"}}",
            ["n": "0"], "item 2 items items"),
        Case(
            "{{join a \" + \"}}|{{join a \",\" prefix=\"<\" suffix=\">\"}}|{{join \"x\" \"y\" \"-\"}}",
            ["a": ["1", "2"]], "1 + 2|&lt;1,2&gt;|x-y"),
        Case(
            "[{{ljust \"ab\" 5}}][{{rjust \"ab\" 5}}][{{ljust \"ab\" 5 pad=\"xy\"}}][{{rjust \"ab\" 1}}]", [:],
            "[ab   ][   ab][abxyx][ab]"),
        Case("{{lower \"JÜRGEN\"}} {{upper \"straße\"}}", [:], "jürgen STRASSE"),
        Case(
            "{{ordinalize 1}} {{ordinalize 2}} {{ordinalize 3}} {{ordinalize 4}} {{ordinalize 11}} {{ordinalize 112}} {{ordinalize 21}} {{ordinalize a}}",
            ["a": "103"], "1st 2nd 3rd 4th 11th 112th 21st 103rd"),
        Case(
            "{{replace \"a-b-c\" \"-\" \"++\"}}|{{replace \"aaa\" \"aa\" \"b\"}}|{{replace a \"\" \"x\"}}", ["a": "ü"],
            "a++b++c|ba|ü"),
        Case(
            "{{slugify \"  Joel is a  slug! \"}}|{{slugify \"Ünïcödé -- Straße_1\"}}|{{slugify \"×\"}}", [:],
            "joel-is-a-slug|unicode-strase_1|"),
        Case("{{stripTags \"<b>bold</b> a < b\"}}|{{{stripTags \"x<i\"}}}", [:], "bold a &lt; b|x<i"),
        Case(
            "{{substring \"Los Angeles\" 4 9}}|{{substring \"Los Angeles\" 4}}|{{substring \"abc\" 2 99}}|{{substring \"abc\" 2 1}}",
            [:], "Angel|Angeles|c|"),
        Case(
            "{{yesno a}} {{yesno b}} {{yesno c}} {{yesno a yes='ja'}} {{yesno b no='nein'}} {{yesno c maybe='?'}}",
            ["a": true, "b": "False"], "yes no maybe ja nein ?"),
        Case("{{upper missing}}{{cut missing \"x\"}}{{capitalize missing}}", [:], ""),
        Case("{{upper (join Attributes.Likes \"/\")}}", ["Attributes": ["Likes": ["a", "b"]]], "A/B"),
    ]

    static let numbers: [Case] = [
        Case("{{add 1 2}} {{add a \"0.2\"}} {{subtract 1 2.5}} {{multiply 3 \"4\"}}", ["a": ["0.1"]], "3 0.3 -1.5 12"),
        Case(
            "{{divide 5 2.3}} {{divide 6 3}} {{divide 1 3}} {{modulo 7 2}} {{modulo -7 2}} {{modulo 7.5 2}}", [:],
            "2.17391304 2 0.33333333 1 -1 1.5"),
        Case(
            "{{round 2.5}} {{round 2.4}} {{round -2.5}} {{floor -1.2}} {{ceiling 1.2}} {{round 7}}", [:],
            "3 2 -2 -2 2 7"),
        Case(
            "{{add 9223372036854775807 1}} {{multiply 1e3 1}} {{add a 1}}", ["1e3": 5, "a": 9007199254740993],
            "9223372036854775808 5 9007199254740994"),
    ]

    static let encodings: [Case] = [
        Case("{{md5 \"abc\"}}", [:], "900150983cd24fb0d6963f7d28e17f72"),
        Case("{{sha256 \"abc\"}}", [:], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        Case(
            "{{sha512 \"abc\"}}", [:],
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        Case(
            "{{{encode64 \"Hällo?\"}}} {{{encode64 \"ab\"}}} {{decode64 \"SMOkbGxvPw==\"}}", [:],
            "SMOkbGxvPw== YWI= Hällo?"),
        Case("{{uuid}}", [:], "00010203-0405-4607-8809-0a0b0c0d0e0f"),
    ]

    static let dates: [Case] = [
        Case(
            "{{now}}|{{now \"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\"}}|{{now \"HH:mm z\" tz=\"+02:00\"}}", [:],
            "Jul 1, 1998|1998-07-01T12:34:56.789Z|14:34 +02:00"),
        Case(
            "{{dateFormat d outputFormat=\"full\"}}|{{dateFormat d outputFormat=\"long\"}}|{{dateFormat d}}|{{dateFormat d \"short\"}}",
            ["d": "1998-07-01T12:00:00.000Z"], "Wednesday, July 1, 1998|July 1, 1998|Jul 1, 1998|7/1/98"),
        Case(
            "{{dateFormat d outputFormat=\"yyyy-MM-dd HH:mm Z\" tz=\"America/New_York\"}}",
            ["d": "1998-07-01T02:00:00Z"], "1998-06-30 22:00 -0400"),
        Case(
            "{{dateFormat d outputFormat=\"h:mm a XXX\" tz=\"America/New_York\"}}", ["d": "1998-12-01T17:05:00Z"],
            "12:05 PM -05:00"),
        Case(
            "{{dateFormat \"31/12/1997\" inputFormat=\"dd/MM/yyyy\" outputFormat=\"EEE d MMM yy, D\"}}", [:],
            "Wed 31 Dec 97, 365"),
        Case(
            "{{dateFormat \"19980701 1:05 pm America/New_York\" inputFormat=\"yyyyMMdd h:mm a z\" outputFormat=\"yyyy-MM-dd'T'HH:mmX\"}}",
            [:], "1998-07-01T17:05Z"),
        Case("{{dateFormat \"July 4, 1998\" inputFormat=\"long\" outputFormat=\"M/d/y\"}}", [:], "7/4/1998"),
        Case(
            "{{dateFormat \"1998-02-03\" outputFormat=\"k K u ''MMMM'' 'o''clock'\"}}", [:],
            "24 0 2 &#x27;February&#x27; o&#x27;clock"),
        Case("{{dateFormat 0 outputFormat=\"yyyy\"}}{{dateFormat missing}}", [:], "1970"),
    ]

    @Test(arguments: conditions)
    func `comparisons are numeric when both sides are numbers`(_ row: Case) throws {
        #expect(try render(row.source, row.data) == row.expected)
    }

    @Test(arguments: texts)
    func `text helpers follow Pinpoint's guide`(_ row: Case) throws {
        #expect(try render(row.source, row.data) == row.expected)
    }

    @Test(arguments: numbers)
    func `number helpers are exact on integers and print eight decimals`(_ row: Case) throws {
        #expect(try render(row.source, row.data) == row.expected)
    }

    @Test(arguments: encodings)
    func `digests and encodings match their standards' vectors`(_ row: Case) throws {
        #expect(try render(row.source, row.data) == row.expected)
    }

    @Test(arguments: dates)
    func `dates are read and written by Java's patterns`(_ row: Case) throws {
        #expect(try render(row.source, row.data) == row.expected)
    }

    static let faults: [(String, String)] = [
        (
            "{{abbreviate \"x\" 3}}",
            "line 1, column 1: abbreviate: the width is at least 4: one character and three dots"
        ),
        ("{{add a 1}}", "line 1, column 1: add: the first argument is not a number"),
        ("{{add 1 \"x\"}}", "line 1, column 1: add: the second argument is not a number"),
        ("{{divide 1 0}}", "line 1, column 1: divide: division by zero"),
        ("{{modulo 1 \"0\"}}", "line 1, column 1: modulo: division by zero"),
        ("{{multiply \"1e300\" \"1e300\"}}", "line 1, column 1: multiply: the result is too large"),
        ("{{center \"x\"}}", "line 1, column 1: center: needs size="),
        ("{{ljust \"x\" 10001}}", "line 1, column 1: ljust: the size is at most 10000"),
        ("{{rjust \"x\" \"wide\"}}", "line 1, column 1: rjust: the size is not a number"),
        ("{{decode64 \"?\"}}", "line 1, column 1: decode64: the value is not Base64"),
        ("{{inflect a \"x\" \"y\"}}", "line 1, column 1: inflect: the count is not a number"),
        ("{{ordinalize \"x\"}}", "line 1, column 1: ordinalize: the value is not a number"),
        ("{{substring \"x\" \"y\"}}", "line 1, column 1: substring: the start is not a number"),
        (
            "{{dateFormat \"soon\"}}",
            "line 1, column 1: dateFormat: the date is not ISO 8601; say its form with inputFormat="
        ),
        (
            "{{dateFormat \"x\" inputFormat=\"yyyy\"}}",
            "line 1, column 1: dateFormat: the date does not have the form yyyy"
        ),
        (
            "{{dateFormat \"30/02/1998\" inputFormat=\"dd/MM/yyyy\"}}",
            "line 1, column 1: dateFormat: the date does not have the form dd/MM/yyyy"
        ),
        ("{{now \"yyyy\" tz=\"Mars/Base\"}}", "line 1, column 1: now: the time zone Mars/Base is not known"),
        ("{{now \"bb\"}}", "line 1, column 1: now: the date format has the letter b, which is not known"),
        ("{{upper (add a 1)}}", "line 1, column 10: add: the first argument is not a number"),
        ("{{now \"'x\"}}", "line 1, column 1: now: the date format has a quote that is not closed"),
    ]

    @Test(arguments: faults)
    func `a helper that cannot work with its values says which and where`(source: String, message: String) {
        let fault = fault(source)
        #expect(fault?.description == message)
        #expect(fault?.kind == .value)
    }
}
