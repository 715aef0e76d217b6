// Generated from ops/data by ops/codegen/embed_jurisdictions.py; do not edit.

enum JurisdictionData {
    static let version = "2026-11-22-f576aa2db82e"

    static let places = ##"""
        # Countries and regions that a jurisdiction rule names, and their time zones (IANA names, as zone1970.tab and the zones' counties have them).
        # country: ISO 3166-1 alpha-2        alpha3: the same, three letters        region: second half of ISO 3166-2, - = the whole country
        # names: what else clients write, |-separated        zones: blank-separated        aliases: old names of its zones, which say the country but not the region        calling_code: without +
        country	alpha3	region	names	zones	aliases	calling_code
        # Countries. Their zones are where no region is known; - takes those of the regions.
        KR	KOR	-	Korea|South Korea|Republic of Korea|Korea, Republic of|대한민국|한국	Asia/Seoul	ROK	82
        JP	JPN	-	Japan|日本|日本国	Asia/Tokyo	Japan	81
        US	USA	-	United States|United States of America	-	US/Alaska US/Aleutian US/Arizona US/Central US/East-Indiana US/Eastern US/Hawaii US/Indiana-Starke US/Michigan US/Mountain US/Pacific EST EST5EDT CST6CDT MST MST7MDT PST8PDT HST Navajo America/Shiprock America/Indianapolis America/Fort_Wayne America/Louisville America/Knox_IN America/Atka Pacific/Johnston	1
        CA	CAN	-	Canada	America/St_Johns America/Halifax America/Glace_Bay America/Moncton America/Goose_Bay America/Toronto America/Iqaluit America/Winnipeg America/Rankin_Inlet America/Resolute America/Regina America/Swift_Current America/Edmonton America/Cambridge_Bay America/Inuvik America/Creston America/Dawson_Creek America/Fort_Nelson America/Whitehorse America/Dawson America/Vancouver	Canada/Atlantic Canada/Central Canada/Eastern Canada/Mountain Canada/Newfoundland Canada/Pacific Canada/Saskatchewan Canada/Yukon America/Montreal America/Nipigon America/Thunder_Bay America/Rainy_River America/Yellowknife America/Pangnirtung	1
        FR	FRA	-	France	Europe/Paris	-	33
        IN	IND	-	India	Asia/Kolkata	Asia/Calcutta	91
        # States of the United States and the District of Columbia. The territories have country codes of their own, and no rows here.
        US	USA	AL	Alabama	America/Chicago	-	-
        US	USA	AK	Alaska	America/Anchorage America/Juneau America/Sitka America/Metlakatla America/Yakutat America/Nome America/Adak	-	-
        US	USA	AZ	Arizona	America/Phoenix America/Denver	-	-
        US	USA	AR	Arkansas	America/Chicago	-	-
        US	USA	CA	California	America/Los_Angeles	-	-
        US	USA	CO	Colorado	America/Denver	-	-
        US	USA	CT	Connecticut	America/New_York	-	-
        US	USA	DE	Delaware	America/New_York	-	-
        US	USA	DC	District of Columbia	America/New_York	-	-
        US	USA	FL	Florida	America/New_York America/Chicago	-	-
        US	USA	GA	Georgia	America/New_York	-	-
        US	USA	HI	Hawaii	Pacific/Honolulu	-	-
        US	USA	ID	Idaho	America/Boise America/Los_Angeles	-	-
        US	USA	IL	Illinois	America/Chicago	-	-
        US	USA	IN	Indiana	America/Indiana/Indianapolis America/Indiana/Knox America/Indiana/Marengo America/Indiana/Petersburg America/Indiana/Tell_City America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac America/Chicago	-	-
        US	USA	IA	Iowa	America/Chicago	-	-
        US	USA	KS	Kansas	America/Chicago America/Denver	-	-
        US	USA	KY	Kentucky	America/New_York America/Kentucky/Louisville America/Kentucky/Monticello America/Chicago	-	-
        US	USA	LA	Louisiana	America/Chicago	-	-
        US	USA	ME	Maine	America/New_York	-	-
        US	USA	MD	Maryland	America/New_York	-	-
        US	USA	MA	Massachusetts	America/New_York	-	-
        US	USA	MI	Michigan	America/Detroit America/Menominee	-	-
        US	USA	MN	Minnesota	America/Chicago	-	-
        US	USA	MS	Mississippi	America/Chicago	-	-
        US	USA	MO	Missouri	America/Chicago	-	-
        US	USA	MT	Montana	America/Denver	-	-
        US	USA	NE	Nebraska	America/Chicago America/Denver	-	-
        US	USA	NV	Nevada	America/Los_Angeles America/Denver	-	-
        US	USA	NH	New Hampshire	America/New_York	-	-
        US	USA	NJ	New Jersey	America/New_York	-	-
        US	USA	NM	New Mexico	America/Denver	-	-
        US	USA	NY	New York	America/New_York	-	-
        US	USA	NC	North Carolina	America/New_York	-	-
        US	USA	ND	North Dakota	America/Chicago America/North_Dakota/Center America/North_Dakota/New_Salem America/North_Dakota/Beulah America/Denver	-	-
        US	USA	OH	Ohio	America/New_York	-	-
        US	USA	OK	Oklahoma	America/Chicago America/Denver	-	-
        US	USA	OR	Oregon	America/Los_Angeles America/Boise	-	-
        US	USA	PA	Pennsylvania	America/New_York	-	-
        US	USA	RI	Rhode Island	America/New_York	-	-
        US	USA	SC	South Carolina	America/New_York	-	-
        US	USA	SD	South Dakota	America/Chicago America/Denver	-	-
        US	USA	TN	Tennessee	America/New_York America/Chicago	-	-
        US	USA	TX	Texas	America/Chicago America/Denver	-	-
        US	USA	UT	Utah	America/Denver	-	-
        US	USA	VT	Vermont	America/New_York	-	-
        US	USA	VA	Virginia	America/New_York	-	-
        US	USA	WA	Washington	America/Los_Angeles	-	-
        US	USA	WV	West Virginia	America/New_York	-	-
        US	USA	WI	Wisconsin	America/Chicago	-	-
        US	USA	WY	Wyoming	America/Denver	-	-
        """##

    static let quietHours = ##"""
        # When a marketing message may be sent, by the law of where the person is. Not legal advice. How it is applied and how to add a row: ops/decisions/jurisdictions.md.
        # version: 2026-11-22
        # id: unique, never reused        country, region: as in places.tsv, - = the whole country        channels: of EMAIL SMS VOICE PUSH CUSTOM
        # allowed: days and times on the person's own clock; a day that is not named is closed; the end is not included        action: defer (wait until open) or drop
        # since: first day in force, - = before this table        verified: text (the law's text was read), quoted (its words, as others quote them), secondary (only what others say of it), disputed (they contradict each other)        as_of: what day or year the copy that was read is current to, - = it does not say        url: where it was read, or where those who quote it did
        # Sources were read in stored copies, not live, on 2026-11-22. A row whose text was not read carries the stricter of the windows reported.
        id	country	region	channels	allowed	action	since	source	url	verified	as_of	note
        # Republic of Korea
        KR-NIGHT	KR	-	SMS,VOICE,PUSH,CUSTOM	Mon-Sun 08:00-21:00	defer	2014-11-29	정보통신망 이용촉진 및 정보보호 등에 관한 법률 (Network Act) art. 50(3); Enforcement Decree art. 61(2): except e-mail	https://www.law.go.kr/LSW/lsLawLinkInfo.do?chrClsCd=010202&lsJoLnkSeq=1000688185&lsId=000030	quoted	2026-10-02	Both paragraphs quoted in full from law.go.kr by others (law no. 21305, in force 2026-07-07). A separate consent for the night is not modelled: at night nobody gets advertising.
        # United States: telephone solicitation, taken to include texts
        US-FEDERAL	US	-	SMS,VOICE	Mon-Sun 08:00-21:00	defer	-	47 CFR 64.1200(c)(1); 16 CFR 310.4(c)	https://www.law.cornell.edu/cfr/text/47/64.1200	quoted	2026	Quoted by many. The place is the called party's. Whether consent lifts it for texts is before the courts; here it does not.
        US-AL	US	AL	SMS,VOICE	Mon-Sat 08:00-20:00	defer	-	Ala. Admin. Code r. 770-X-5-.17(1)(b)	https://d1tvxue8o4w0fl.cloudfront.net/regulation/alabama-administrative-code/title-770-alabama-public-service-commission/chapter-770-x-5-telephone-rules/section-770-x-5-17-live-and-automated-solicitations-and-announcements	text	2024-11-27	Automated solicitation calls. Legal holidays, also closed, are not modelled.
        US-CA	US	CA	SMS,VOICE	Mon-Sun 09:00-21:00	defer	-	Cal. Pub. Util. Code § 2872(c)	https://usestello.com/compliance	secondary	2026-04-08	Automatic dialling-announcing devices; taken for texts too because the text was not read.
        US-CT	US	CT	SMS,VOICE	Mon-Sun 09:00-20:00	defer	2023-10-01	Conn. Gen. Stat. § 42-288a (P.A. 23-98)	https://www.dropcowboy.com/state-compliance	secondary	2025-11-01	The subsection with the hours was not read; guides differ (20:00 or 21:00), the stricter is taken. Text and media messages are within the section's definition, which was read.
        US-FL	US	FL	SMS,VOICE	Mon-Sun 08:00-20:00	defer	-	Fla. Stat. § 501.616(6)(a)	http://www.lawserver.com/law/state/florida/statutes/florida_statutes_501-616	text	-	Also at most three calls in 24 hours on the same matter, not modelled: use a frequency cap.
        US-IL	US	IL	SMS,VOICE	Mon-Sun 09:00-21:00	defer	-	815 ILCS 305/15 (Automatic Telephone Dialers Act)	https://usestello.com/compliance	secondary	2026-04-08	Prerecorded calls; taken for texts too because the text was not read.
        US-IN-DEVICE	US	IN	VOICE	Mon-Sun 09:00-20:00	defer	-	Ind. Code § 24-5-14-8	https://iga.in.gov/laws/current/ic/titles/24	secondary	2026	Automatic dialing-announcing devices; from others' tables.
        US-KY	US	KY	SMS,VOICE	Mon-Sun 10:00-21:00	defer	-	KRS 367.46955(16)	https://apps.legislature.ky.gov/law/statutes/	quoted	2026	To a person's residence.
        US-LA	US	LA	SMS,VOICE	Mon-Sat 08:00-20:00	defer	-	La. Pub. Serv. Comm'n General Order R-29617 § (V)(A)(2); La. R.S. 45:811	https://dnc.com/holiday-alerts?year=2023	quoted	2026	Order § (V)(A), quoted by dnc.com and others. Legal holidays and the ban during a declared state of emergency (R.S. 45:844.31, text read) are not modelled.
        US-ME	US	ME	VOICE	Mon-Fri 09:00-17:00	defer	-	10 M.R.S. § 1498(3)	https://legislature.maine.gov/legis/bills/bills_121st/billtexts/LD039201-1.asp	text	2026	Recorded messages. Read in bill LD 392 of the 121st legislature; others read it unchanged in 2026.
        US-MD	US	MD	SMS,VOICE	Mon-Sun 08:00-20:00	defer	2024-01-01	Md. Code, Com. Law § 14-4502(c) (Stop the Spam Calls Act of 2023)	https://www.wmar2news.com/local/law-to-prevent-spam-calls-takes-effect-first-of-the-year	secondary	2024-01-01	The subsection with the hours was not read; press and law firms agree. Also three calls or texts in 24 hours, not modelled.
        US-MA	US	MA	SMS,VOICE	Mon-Sun 08:00-20:00	defer	-	201 CMR 12.02(2); M.G.L. c. 159C § 3	https://regulations.justia.com/states/massachusetts/201-cmr/title-201-cmr-12-00/section-12-02	text	2024-09-27	-
        US-MI	US	MI	SMS,VOICE	Mon-Sun 09:00-21:00	defer	-	Mich. Comp. Laws § 750.540e	https://usestello.com/compliance	secondary	2026-04-08	The text was not read.
        US-MN	US	MN	SMS,VOICE	Mon-Sun 09:00-21:00	defer	-	Minn. Stat. § 325E.30	https://www.revisor.mn.gov/statutes/cite/325E.30	quoted	2026	Unsolicited calls to residential subscribers.
        US-MS	US	MS	SMS,VOICE	Mon-Sat 09:00-20:00	defer	-	Miss. Code § 77-3-723	https://getpocketlaw.com/law/state_mississippi/section-77-3-723-rules-for-authorized-calls_57b73fa7ff73	text	2024-06-03	The text says 8:00 to 20:00 Central Standard Time. Read literally that is 9:00 to 21:00 of the summer's clock; what both readings allow is taken.
        US-NV	US	NV	SMS,VOICE	Mon-Sun 09:00-20:00	defer	-	Nev. Rev. Stat. §§ 598.0918(3), 597.814(2)(a)	http://www.contactcentercompliance.com/legal/statutes/NV/NRS/597.814.adpx	secondary	2025-11-01	§ 597.814, which was read, closes 21:00 to 09:00 for announcing devices; the earlier end, § 598.0918(3), is from guides and others' tables.
        US-NJ	US	NJ	SMS,VOICE	Mon-Sun 08:00-20:00	defer	-	N.J. Stat. § 56:8-128(d)	https://d1tvxue8o4w0fl.cloudfront.net/statute/new-jersey-statutes/title-56-trade-names-trade-marks-and-unfair-trade-practices/chapter-568/section-568-128-requirements-relative-to-telemarketing-sales-calls	disputed	2024	The text read (current through L. 2024, c. 62) says 21:00; guides of 2025 say 20:00 without a section. The stricter is taken until somebody finds it.
        US-NM	US	NM	SMS,VOICE	Mon-Sun 09:00-21:00	defer	-	N.M. Stat. § 57-12-22(B)(5)	https://law.justia.com/codes/new-mexico/2006/nmrc/jd_57-12-22-13117.html	text	2006	Read in the edition of 2006.
        US-OK	US	OK	SMS,VOICE	Mon-Sun 08:00-20:00	defer	2022-11-01	Okla. Stat. tit. 15, § 775C.4 (Telephone Solicitation Act of 2022)	https://dnc.dreamhosters.com/?p=1309	secondary	2022	The section with the hours was not read; dnc.com and law firms agree. Also three calls in 24 hours, not modelled. Announcing devices: 9:00 to 21:00 (§ 755.1, text read), in US-OK-DEVICE.
        US-OK-DEVICE	US	OK	VOICE	Mon-Sun 09:00-21:00	defer	-	Okla. Stat. tit. 15, § 755.1(C)(2)	https://lexace.ai/us/statute/oklahoma/15-755.1	text	-	Automatic dial announcing devices.
        US-OR	US	OR	SMS,VOICE	Mon-Sun 08:00-20:00	defer	-	Or. Rev. Stat. § 646.563(1)(b)	https://www.oregonlegislature.gov/bills_laws/ors/ors646.html	quoted	2026	Texts included (§ 646.561(4)). Also three calls in 24 hours, not modelled.
        US-PA	US	PA	SMS,VOICE	Mon-Sun 08:00-21:00	defer	-	73 P.S. § 2245(a)(1)	https://govt.westlaw.com/pac/Document/NE4CC77F0E9F711E9BEFE89A994168F89	text	2019-12-03	Legal holidays, closed since 2019 (§ 2245(a)(10)), are not modelled.
        US-RI	US	RI	SMS,VOICE	Mon-Fri 09:00-18:00; Sat 10:00-17:00	defer	-	R.I. Gen. Laws §§ 5-61-3.6, 5-61-2(2)	http://webserver.rilin.state.ri.us/Statutes/TITLE5/5-61/5-61-3.6.HTM	text	-	State and federal holidays, also closed, are not modelled. The hours (§ 5-61-2(2)) were read at instalawyer.io.
        US-SD-DEVICE	US	SD	VOICE	Mon-Fri 09:00-21:00	defer	-	S.D. Codified Laws § 37-30-28	http://legis.state.sd.us/statutes/DisplayStatute.aspx?Type=Statute&Statute=37-30-28	text	-	Automated telephone dialling systems that play a message.
        US-SD	US	SD	SMS,VOICE	Mon-Sat 09:00-21:00	defer	-	S.D. Codified Laws § 37-30A-3(2)	https://sdlegislature.gov/Statutes/37-30A-3	secondary	2026	Unsolicited consumer telephone communications to a residence; the hours from others' tables.
        US-TX	US	TX	SMS,VOICE	Mon-Sat 09:00-21:00; Sun 12:00-21:00	defer	2025-09-01	Tex. Bus. & Com. Code § 301.051, with ch. 302 as amended by S.B. 140 (2025)	https://www.foster.com/newsroom-alerts-texas-expands-telemarketing-law-to-cover-text-messagesms-marketing-what-companies-need-to-know	secondary	2025-09-25	The section was not read; law firms and the Texas REALTORS agree, texts included.
        US-UT	US	UT	SMS,VOICE	Mon-Sat 08:00-21:00	defer	-	Utah Code § 13-25a-103(3)	https://codes.findlaw.com/ut/title-13-commerce-and-trade/ut-code-sect-13-25a-103/	text	2025-01-01	Legal holidays, also closed, are not modelled.
        US-VA	US	VA	SMS,VOICE	Mon-Sun 08:00-21:00	defer	-	Va. Code § 59.1-511	http://law.lis.virginia.gov/vacodepopularnames/virginia-telephone-privacy-protection-act/	text	2022	As the federal window; a row of its own because the state enforces it itself.
        US-WA	US	WA	SMS,VOICE	Mon-Sun 08:00-20:00	defer	-	Wash. Rev. Code § 19.158.040(2)	https://app.leg.wa.gov/RCW/default.aspx?cite=19.158.040	text	-	-
        US-WY	US	WY	SMS,VOICE	Mon-Sun 08:00-20:00	defer	-	Wyo. Stat. § 40-12-302(d)	https://wyoleg.gov/statutes/compress/title40.pdf	secondary	2026	From others' tables.
        # Canada, France, India: calls, and India's promotional messages
        CA-TELEMARKETING	CA	-	VOICE	Mon-Fri 09:30-20:00; Sat 10:30-17:00; Sun 12:00-17:00	defer	-	CRTC Unsolicited Telecommunications Rules, parts III and IV	https://www.northerntel.ca/eng/inside_ntl/donotcalllist/donotcalllist.htm	secondary	-	Telemarketing calls may go from 9:00 to 21:30, weekends 10:00 to 18:00. For announcing devices older, narrower hours are reported (hitpages.com/doc/4507449260244992/7) and taken: what CRTC 2009-200 made of them was not read.
        FR-DEMARCHAGE	FR	-	VOICE	Mon-Fri 10:00-13:00,14:00-20:00	defer	2023-03-01	Code de la consommation, art. D. 223-9 (décret n° 2022-1313)	https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000046421823	text	2023-03-01	Public holidays, also closed, and the four calls in thirty days are not modelled. Calls with an express consent are exempt in law; here they are not told apart.
        IN-PROMOTIONAL	IN	-	SMS,VOICE	Mon-Sun 10:00-21:00	defer	-	TRAI, Telecom Commercial Communications Customer Preference Regulations, 2018	https://www.bulksmsindore.in/pages/trai	secondary	-	The regulation was not read; the provider says 9:00 to 21:00; the hour from 9:00 is left out until the text is read.
        """##

    static let labels = ##"""
        # What an advertisement must begin with, by the law of where the person is: the subject of an e-mail, the text of anything else.
        # label: put at the very start, once        variants: what people write instead, |-separated; at the start it is replaced by the label, and writing it is warned of
        # other columns: as in quiet-hours.tsv
        id	country	channels	label	variants	since	source	url	verified	as_of	note
        KR-AD-LABEL	KR	EMAIL,SMS,PUSH,CUSTOM	(광고)	[광고]|(광 고)|(광/고)|(광.고)|(광·고)|( 광고 )|("광고")|<광고>|【광고】|（광고）|{광고}|[AD]|(AD)	2014-11-29	Network Act art. 50(4); Enforcement Decree art. 61(3), annex 6	https://prosms.co.kr/landing/spam	secondary	-	Art. 50(4) was read as quoted from law.go.kr (in force 2026-07-07); annex 6 was not, KISA's guide is quoted by several providers (prosms.co.kr lists the variants that are not accepted; help.stibee.com for e-mail).
        """##

    static let senderLines = ##"""
        # What a marketing message must say of its sender, by the law of where the person is. Lines that the author's text lacks are added at its end.
        # lines: of name, postal_address, contact, opt_out        language: whose texts of sender-texts.tsv are added        other columns: as in quiet-hours.tsv
        id	country	channels	lines	language	since	source	url	verified	as_of	note
        KR-SENDER	KR	EMAIL	name,contact,postal_address,opt_out	ko	2014-11-29	Network Act art. 50(4); Enforcement Decree art. 61(3), annex 6	https://www.hankyung.com/it/article/2003012041348	secondary	2003-01-20	Art. 50(4), name, contact and an easy way to refuse, was read as quoted from law.go.kr (in force 2026-07-07); annex 6 was not. The postal address, and the opt-out in Korean and English, are from the press on the Decree of 2003 (hankyung.com); name, contact and free opt-out from guides of today.
        JP-SENDER	JP	EMAIL	name,opt_out,postal_address,contact	ja	-	特定電子メールの送信の適正化等に関する法律 第4条; 同施行規則 第7条–第9条	https://houritsushoku.com/archives/labeling-obligations-imposed-on-senders-of-specified-email.html	text	-	Article 4 read there and at dsk.or.jp, the ministerial ordinance in a lawyer's summary (ugusuku.hatenadiary.org). Address and contact may lawfully stand on a linked page; that cannot be seen from here.
        US-CAN-SPAM	US	EMAIL	postal_address,opt_out	en	-	15 U.S.C. § 7704(a)(5)(A)(ii)–(iii)	https://www.optizmo.com/blog/can-spam-compliance-deep-dive-series-identification-as-an-ad-and-a-physical-location/	text	-	Quoted there. The notice that it is an advertisement, (A)(i), is not needed with prior consent and is not added.
        """##

    static let senderTexts = ##"""
        # The lines of sender-lines.tsv by language. {} is the value: the app's Sender, or the person's unsubscribe page.
        # present: words by which an author's own text is seen to have such a line already, |-separated, in any case; - = only the value itself shows it
        language	line	text	present
        en	name	Sent by {}	-
        en	postal_address	{}	-
        en	contact	Contact: {}	-
        en	opt_out	To stop receiving these e-mails: {}	unsubscribe|opt out|opt-out|stop receiving|manage preferences|manage your preferences|email preferences|e-mail preferences
        ja	name	送信者：{}	-
        ja	postal_address	住所：{}	-
        ja	contact	お問い合わせ：{}	-
        ja	opt_out	配信停止（受信拒否）はこちら：{}	配信停止|配信の停止|受信拒否|配信解除|購読解除|登録解除|退会
        ko	name	전송자: {}	-
        ko	postal_address	주소: {}	-
        ko	contact	연락처: {}	-
        ko	opt_out	무료 수신거부 (to unsubscribe, click here): {}	수신거부|수신 거부|수신동의 철회|수신 동의 철회|구독 취소|구독취소
        """##
}
