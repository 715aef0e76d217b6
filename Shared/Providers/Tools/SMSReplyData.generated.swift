// Generated from ops/data/sms-replies.tsv by ops/codegen/embed_sms_replies.py; do not edit.

enum SMSReplyData {
    static let table = ##"""
        # What the codes of SMS providers mean for a message and its number. A code that no row names is judged by its HTTP status, or is soft.
        # provider: twilio = error codes of api.twilio.com and of status callbacks (https://www.twilio.com/docs/api/errors); smpp = command_status of SMPP 3.4 §5.1.3, hexadecimal, as a gateway reports it; stat = the receipt's word (SMPP 3.4 appendix B); twilio-calls = the same of calls; aws = an exception of pinpoint-sms-voice-v2, and behind a / its Reason or the field that it names; vonage = status of its SMS API (https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms), vonage-dlr = err-code of its receipts, vonage-messages = status or title of its Messages API; whatsapp = code of the Cloud API (https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes)
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
        twilio-calls	20003	auth	0	UNKNOWN	authentication failed
        twilio-calls	20005	config	0	UNKNOWN	account not active
        twilio-calls	20429	throttle	1	UNKNOWN	too many requests
        twilio-calls	10004	throttle	5	UNKNOWN	too many calls at once
        twilio-calls	21201	addr	0	INVALID	no To
        twilio-calls	21211	addr	0	INVALID	invalid To
        twilio-calls	21214	addr	0	INVALID	To cannot be reached
        twilio-calls	21217	addr	0	INVALID	not a phone number
        twilio-calls	21210	config	0	UNKNOWN	From is not verified
        twilio-calls	21212	config	0	UNKNOWN	invalid From
        twilio-calls	21213	config	0	UNKNOWN	no From
        twilio-calls	21215	config	0	BLOCKED	country not permitted
        twilio-calls	21216	config	0	BLOCKED	number not permitted
        twilio-calls	21219	config	0	UNKNOWN	trial account: To is not verified
        twilio-calls	13227	config	0	BLOCKED	country not permitted
        aws	ThrottlingException	throttle	1	UNKNOWN	rate of requests, or of the sender
        aws	TooManyRequestsException	throttle	1	UNKNOWN	rate of requests
        aws	InternalServerException	transient	0	UNKNOWN	service trouble
        aws	ServiceUnavailable	transient	0	UNKNOWN	service trouble
        aws	UnrecognizedClientException	auth	0	UNKNOWN	no such key
        aws	InvalidClientTokenId	auth	0	UNKNOWN	no such key
        aws	InvalidSignatureException	auth	0	UNKNOWN	wrong signature, or a clock that is wrong
        aws	SignatureDoesNotMatch	auth	0	UNKNOWN	wrong signature
        aws	IncompleteSignatureException	auth	0	UNKNOWN	wrong signature
        aws	MissingAuthenticationTokenException	auth	0	UNKNOWN	no signature
        aws	ExpiredTokenException	auth	0	UNKNOWN	session token expired
        aws	AccessDeniedException	auth	0	UNKNOWN	not allowed, or account disabled
        aws	ServiceQuotaExceededException	config	0	UNKNOWN	a quota of the account
        aws	ServiceQuotaExceededException/DAILY_DESTINATION_CALL_LIMIT	throttle	86400	UNKNOWN	calls to one number and day
        aws	ResourceNotFoundException	config	0	UNKNOWN	sender or configuration set does not exist
        aws	ConflictException	config	0	UNKNOWN	sender does not fit the message
        aws	ConflictException/DESTINATION_PHONE_NUMBER_OPTED_OUT	optout	0	OPTED_OUT	on the opt-out list
        aws	ConflictException/DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION	content	0	BLOCKED	country blocked by a protect configuration
        aws	ConflictException/DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE	content	0	BLOCKED	number blocked by a protect configuration
        aws	ValidationException	content	0	INVALID_MESSAGE	what the service cannot read
        aws	ValidationException/DestinationPhoneNumber	addr	0	INVALID	not a phone number
        aws	ValidationException/OriginationIdentity	config	0	UNKNOWN	sender
        aws	ValidationException/ConfigurationSetName	config	0	UNKNOWN	configuration set
        aws	ValidationException/COUNTRY_NOT_ENABLED	config	0	BLOCKED	country not enabled
        aws	ValidationException/DESTINATION_COUNTRY_BLOCKED	config	0	BLOCKED	country blocked
        aws	ValidationException/INTERNATIONAL_SENDING_NOT_SUPPORTED	config	0	UNKNOWN	sender sends at home only
        aws	ValidationException/INVALID_IDENTITY_FOR_DESTINATION_COUNTRY	config	0	BLOCKED	sender not for the country
        aws	ValidationException/SENDER_ID_NOT_REGISTERED	config	0	UNKNOWN	sender id
        aws	ValidationException/SENDER_ID_NOT_SUPPORTED	config	0	UNKNOWN	sender id
        aws	ValidationException/SENDER_ID_REQUIRES_REGISTRATION	config	0	UNKNOWN	sender id
        aws	ValidationException/PRICE_OVER_THRESHOLD	config	0	UNKNOWN	price above MaxPrice
        aws	ValidationException/VOICE_CAPABILITY_NOT_AVAILABLE	config	0	UNKNOWN	sender cannot call
        aws	ValidationException/CHANNEL_NOT_ENABLED	config	0	UNKNOWN	channel
        aws	ValidationException/RESOURCE_NOT_ACCESSIBLE	config	0	UNKNOWN	resource
        vonage	1	throttle	1	UNKNOWN	more than the account may send in a second
        vonage	2	content	0	INVALID_MESSAGE	a parameter is missing
        vonage	2/to	addr	0	INVALID	no to
        vonage	3	content	0	INVALID_MESSAGE	a parameter is invalid
        vonage	3/to	addr	0	INVALID	invalid to
        vonage	4	auth	0	UNKNOWN	wrong key or secret
        vonage	5	transient	0	UNKNOWN	internal error
        vonage	6	addr	0	INVALID	unroutable
        vonage	7	addr	0	INVALID	number barred
        vonage	8	auth	0	UNKNOWN	account barred
        vonage	9	auth	0	UNKNOWN	no credit left
        vonage	10	throttle	5	UNKNOWN	too many connections
        vonage	11	auth	0	UNKNOWN	account not enabled for this API
        vonage	12	content	0	INVALID_MESSAGE	too long
        vonage	14	auth	0	UNKNOWN	wrong signature
        vonage	15	config	0	UNKNOWN	sender not allowed
        vonage	22	config	0	UNKNOWN	invalid network code
        vonage	23	config	0	UNKNOWN	invalid callback
        vonage	29	config	0	UNKNOWN	trial account: number not listed
        vonage	32	auth	0	UNKNOWN	signature and secret given both
        vonage	33	addr	0	INVALID	number is deactivated
        vonage-dlr	1	soft	0	UNKNOWN	unknown
        vonage-dlr	2	soft	0	UNREACHABLE	absent for now
        vonage-dlr	3	addr	0	INVALID	absent for good
        vonage-dlr	4	optout	0	OPTED_OUT	barred by the user
        vonage-dlr	5	soft	0	UNREACHABLE	portability
        vonage-dlr	6	content	0	SPAM	filtered as spam
        vonage-dlr	7	soft	0	UNREACHABLE	handset busy
        vonage-dlr	8	soft	0	CARRIER_UNREACHABLE	network error
        vonage-dlr	9	addr	0	INVALID	illegal number
        vonage-dlr	10	content	0	INVALID_MESSAGE	illegal message
        vonage-dlr	11	config	0	CARRIER_UNREACHABLE	unroutable
        vonage-dlr	12	soft	0	UNREACHABLE	destination cannot be reached
        vonage-dlr	13	content	0	BLOCKED	age restriction
        vonage-dlr	14	content	0	CARRIER_BLOCKED	blocked by the carrier
        vonage-dlr	15	config	0	BLOCKED	prepaid credit
        vonage-dlr	16	soft	0	CARRIER_UNREACHABLE	quota of the gateway
        vonage-dlr	50	config	0	BLOCKED	entity not registered
        vonage-dlr	51	config	0	BLOCKED	sender not registered
        vonage-dlr	52	content	0	BLOCKED	content not registered
        vonage-dlr	53	optout	0	OPTED_OUT	no consent registered
        vonage-dlr	54	config	0	BLOCKED	regulation
        vonage-dlr	99	soft	0	UNKNOWN	general error
        vonage-messages	401	auth	0	UNKNOWN	wrong token or key
        vonage-messages	403	auth	0	UNKNOWN	not allowed
        vonage-messages	402	auth	0	UNKNOWN	no credit left
        vonage-messages	422	content	0	INVALID_MESSAGE	a parameter is invalid
        vonage-messages	422/to	addr	0	INVALID	invalid to
        vonage-messages	1000	throttle	1	UNKNOWN	throttled
        vonage-messages	1010	soft	0	UNKNOWN	missing parameters
        vonage-messages	1020	content	0	INVALID_MESSAGE	invalid parameters
        vonage-messages	1021	content	0	INVALID_MESSAGE	invalid tag
        vonage-messages	1030	soft	0	UNKNOWN	internal error
        vonage-messages	1040	soft	0	UNREACHABLE	cannot be routed
        vonage-messages	1050	addr	0	INVALID	number barred
        vonage-messages	1060	config	0	BLOCKED	account barred
        vonage-messages	1070	config	0	UNKNOWN	no credit left
        vonage-messages	1080	content	0	INVALID_MESSAGE	too long
        vonage-messages	1120	config	0	UNKNOWN	sender not allowed
        vonage-messages	1170	addr	0	INVALID	number unknown or invalid
        vonage-messages	1180	soft	0	UNREACHABLE	absent for now
        vonage-messages	1190	addr	0	INVALID	absent for good
        vonage-messages	1210	content	0	SPAM	filtered as spam
        vonage-messages	1220	soft	0	UNREACHABLE	destination cannot be reached
        vonage-messages	1230	optout	0	OPTED_OUT	barred by the user
        vonage-messages	1240	addr	0	INVALID	illegal number
        vonage-messages	1241	config	0	BLOCKED	too many to one number
        vonage-messages	1250	content	0	CARRIER_BLOCKED	blocked by the carrier
        vonage-messages	1260	soft	0	CARRIER_UNREACHABLE	destination network
        vonage-messages	1300	config	0	BLOCKED	number not on the allow list
        vonage-messages	1320	config	0	UNKNOWN	a message of that name exists
        vonage-messages	1330	soft	0	UNKNOWN	unknown
        vonage-messages	1340	content	0	INVALID_MESSAGE	outside the session: needs a template
        vonage-messages	1360	expired	0	TTL_EXPIRED	validity period over
        whatsapp	4	throttle	60	UNKNOWN	rate of the app
        whatsapp	80007	throttle	60	UNKNOWN	rate of the business account
        whatsapp	130429	throttle	5	UNKNOWN	rate of the number
        whatsapp	131056	throttle	6	UNKNOWN	too many to one person
        whatsapp	131048	throttle	3600	UNKNOWN	held back as spam
        whatsapp	133016	throttle	3600	UNKNOWN	registrations
        whatsapp	131049	throttle	86400	BLOCKED	person's share of marketing is used up
        whatsapp	1	transient	0	UNKNOWN	unknown error
        whatsapp	2	transient	0	UNKNOWN	service down
        whatsapp	131000	transient	0	UNKNOWN	something went wrong
        whatsapp	131016	transient	0	UNKNOWN	service overloaded
        whatsapp	133004	transient	0	UNKNOWN	server not available
        whatsapp	131026	addr	0	INVALID	number has no WhatsApp, or an old one
        whatsapp	131021	addr	0	INVALID	sender and recipient are the same
        whatsapp	131050	optout	0	OPTED_OUT	person has stopped marketing
        whatsapp	100	content	0	INVALID_MESSAGE	a parameter is invalid
        whatsapp	131008	content	0	INVALID_MESSAGE	a parameter is missing
        whatsapp	131009	content	0	INVALID_MESSAGE	a value is invalid
        whatsapp	131047	content	0	INVALID_MESSAGE	outside the 24 hours: needs a template
        whatsapp	131051	content	0	INVALID_MESSAGE	kind of message
        whatsapp	131052	content	0	INVALID_MESSAGE	media cannot be fetched
        whatsapp	131053	content	0	INVALID_MESSAGE	media cannot be uploaded
        whatsapp	132000	content	0	INVALID_MESSAGE	number of parameters
        whatsapp	132005	content	0	INVALID_MESSAGE	translated text too long
        whatsapp	132012	content	0	INVALID_MESSAGE	format of a parameter
        whatsapp	132018	content	0	INVALID_MESSAGE	a parameter of the template
        whatsapp	132001	config	0	UNKNOWN	template does not exist in this language
        whatsapp	132007	config	0	UNKNOWN	template breaks policy
        whatsapp	132015	config	0	UNKNOWN	template is paused
        whatsapp	132016	config	0	UNKNOWN	template is disabled
        whatsapp	131031	config	0	UNKNOWN	account locked
        whatsapp	131042	config	0	UNKNOWN	payment
        whatsapp	131045	config	0	UNKNOWN	number not registered
        whatsapp	133010	config	0	UNKNOWN	number not registered
        whatsapp	368	config	0	UNKNOWN	blocked for breaking policy
        whatsapp	0	auth	0	UNKNOWN	cannot authenticate
        whatsapp	3	auth	0	UNKNOWN	permission
        whatsapp	10	auth	0	UNKNOWN	permission
        whatsapp	190	auth	0	UNKNOWN	token expired
        whatsapp	131005	auth	0	UNKNOWN	permission
        """##
}
