// Generated from ops/data/sms-replies.tsv by ops/codegen/embed_sms_replies.py; do not edit.

enum SMSReplyData {
    static let table = ##"""
        # What the codes of SMS providers mean for a message and its number. A code that no row names is judged by its HTTP status, or is soft.
        # provider: twilio = error codes of api.twilio.com and of status callbacks (https://www.twilio.com/docs/api/errors); smpp = command_status of SMPP 3.4 §5.1.3, hexadecimal, as a gateway reports it; stat = the receipt's word (SMPP 3.4 appendix B)
        # class: throttle (later, not counted as an attempt)  transient (again)  soft (given up, the number may be fine)  addr (the number is dead)  optout  content  config (an operator must act)  auth  expired
        # after: seconds before the next try, 0 = by backoff        status: the record_status of Pinpoint's _SMS events
        provider	code	class	after	status	meaning
        twilio	20003	auth	0	UNKNOWN	authentication failed
        twilio	20005	config	0	UNKNOWN	account not active
        twilio	20429	throttle	1	UNKNOWN	too many requests
        twilio	21211	addr	0	INVALID	invalid To
        twilio	21217	addr	0	INVALID	not a phone number
        twilio	21421	addr	0	INVALID	invalid phone number
        twilio	21408	config	0	BLOCKED	region not permitted
        twilio	21602	content	0	INVALID_MESSAGE	no body
        twilio	21603	config	0	UNKNOWN	no From
        twilio	21606	config	0	UNKNOWN	From cannot send messages
        twilio	21610	optout	0	OPTED_OUT	recipient unsubscribed
        twilio	21611	throttle	5	UNKNOWN	queue of the sender is full
        twilio	21612	config	0	UNREACHABLE	no route from this sender
        twilio	21614	addr	0	INVALID	not a mobile number
        twilio	21617	content	0	INVALID_MESSAGE	body too long
        twilio	21619	content	0	INVALID_MESSAGE	body or media missing
        twilio	21635	addr	0	INVALID	landline
        twilio	21660	config	0	UNKNOWN	From belongs to another account
        twilio	30001	throttle	5	UNKNOWN	queue overflow
        twilio	30002	config	0	UNKNOWN	account suspended
        twilio	30003	soft	0	UNREACHABLE	handset unreachable
        twilio	30004	soft	0	BLOCKED	blocked by recipient or carrier
        twilio	30005	addr	0	INVALID	unknown handset
        twilio	30006	addr	0	INVALID	landline or unreachable carrier
        twilio	30007	content	0	CARRIER_BLOCKED	filtered by the carrier
        twilio	30008	soft	0	UNKNOWN	unknown error
        twilio	30009	soft	0	UNKNOWN	a part is missing
        twilio	30010	expired	0	MAX_PRICE_EXCEEDED	price above the maximum
        twilio	30019	content	0	INVALID_MESSAGE	content too large for the carrier
        twilio	30022	throttle	60	UNKNOWN	10DLC: rate exceeded
        twilio	30023	throttle	3600	UNKNOWN	10DLC: daily cap reached
        twilio	30027	throttle	3600	UNKNOWN	10DLC: T-Mobile daily cap reached
        twilio	30032	config	0	CARRIER_BLOCKED	toll-free number not verified
        twilio	30034	config	0	CARRIER_BLOCKED	10DLC: number not registered
        twilio	30036	expired	0	TTL_EXPIRED	validity period expired
        twilio	30410	soft	0	UNKNOWN	provider timeout
        twilio	30500	soft	0	UNKNOWN	provider error
        twilio	30610	throttle	3600	BLOCKED	quiet hours of the recipient
        twilio	63016	content	0	INVALID_MESSAGE	WhatsApp: outside the session, not a template
        twilio	63024	addr	0	INVALID	WhatsApp: invalid recipient
        smpp	00000001	content	0	INVALID_MESSAGE	RINVMSGLEN
        smpp	00000002	content	0	INVALID_MESSAGE	RINVCMDLEN
        smpp	00000003	content	0	INVALID_MESSAGE	RINVCMDID
        smpp	00000004	config	0	CARRIER_UNREACHABLE	RINVBNDSTS
        smpp	00000005	config	0	CARRIER_UNREACHABLE	RALYBND
        smpp	00000008	soft	0	CARRIER_UNREACHABLE	RSYSERR
        smpp	0000000a	config	0	UNKNOWN	RINVSRCADR
        smpp	0000000b	addr	0	INVALID	RINVDSTADR
        smpp	0000000d	config	0	CARRIER_UNREACHABLE	RBINDFAIL
        smpp	0000000e	config	0	CARRIER_UNREACHABLE	RINVPASWD
        smpp	0000000f	config	0	CARRIER_UNREACHABLE	RINVSYSID
        smpp	00000014	soft	0	CARRIER_UNREACHABLE	RMSGQFUL
        smpp	00000015	config	0	UNKNOWN	RINVSERTYP
        smpp	00000043	content	0	INVALID_MESSAGE	RINVESMCLASS
        smpp	00000045	soft	0	CARRIER_UNREACHABLE	RSUBMITFAIL
        smpp	00000048	config	0	UNKNOWN	RINVSRCTON
        smpp	00000049	config	0	UNKNOWN	RINVSRCNPI
        smpp	00000050	config	0	UNKNOWN	RINVDSTTON
        smpp	00000051	config	0	UNKNOWN	RINVDSTNPI
        smpp	00000053	config	0	UNKNOWN	RINVSYSTYP
        smpp	00000058	soft	0	CARRIER_UNREACHABLE	RTHROTTLED
        smpp	00000061	content	0	INVALID_MESSAGE	RINVSCHED
        smpp	00000062	content	0	INVALID_MESSAGE	RINVEXPIRY
        smpp	000000c0	content	0	INVALID_MESSAGE	RINVOPTPARSTREAM
        smpp	000000c1	content	0	INVALID_MESSAGE	ROPTPARNOTALLWD
        smpp	000000c2	content	0	INVALID_MESSAGE	RINVPARLEN
        smpp	000000c3	content	0	INVALID_MESSAGE	RMISSINGOPTPARAM
        smpp	000000c4	content	0	INVALID_MESSAGE	RINVOPTPARAMVAL
        smpp	000000fe	soft	0	UNREACHABLE	RDELIVERYFAILURE
        smpp	000000ff	soft	0	UNKNOWN	RUNKNOWNERR
        stat	EXPIRED	expired	0	TTL_EXPIRED	validity period over
        stat	DELETED	content	0	BLOCKED	deleted at the carrier
        stat	UNDELIV	soft	0	UNREACHABLE	undeliverable
        stat	REJECTD	content	0	CARRIER_BLOCKED	rejected by the carrier
        stat	UNKNOWN	soft	0	UNKNOWN	no final state known
        """##
}
