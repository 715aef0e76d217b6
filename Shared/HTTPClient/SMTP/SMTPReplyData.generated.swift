// Generated from ops/data/smtp-replies.tsv by ops/codegen/embed_smtp_replies.py; do not edit.

enum SMTPReplyData {
    static let table = ##"""
        # What an SMTP reply means for the message (RFC 5321, RFC 3463). First match wins.
        # stage: connect auth mail rcpt data final, * = any        code: a code, 4yz, 5yz, * = any
        # enhanced: 5.1.1, x.1.1 (any class), x.4.* (any detail), - = none given, * = any        text: word|word (lower case, one must occur), * = any
        # class: throttle transient addr mailbox content config auth        dead: the address gets a suppression (yes/no)        after: seconds to wait before the next try
        stage	code	enhanced	text	class	dead	after
        # The server wants less of us.
        *	421	*	*	throttle	no	60
        *	*	4.3.2	*	throttle	no	60
        *	452	4.5.3	*	throttle	no	60
        rcpt	450	4.2.1	rate|too many|too fast	throttle	no	60
        # Credentials.
        *	454	4.7.0	*	transient	no	60
        *	530	*	*	auth	no	0
        *	534	*	*	auth	no	0
        *	535	*	*	auth	no	0
        *	538	*	*	auth	no	0
        *	*	5.7.8	*	auth	no	0
        *	*	5.7.9	*	auth	no	0
        # The address.
        *	5yz	x.1.1	*	addr	yes	0
        *	5yz	x.1.3	*	addr	yes	0
        *	5yz	x.1.6	*	addr	yes	0
        *	5yz	x.1.10	*	addr	yes	0
        rcpt	5yz	5.1.0	*	addr	yes	0
        # No such domain or no route: a name server may only be ill, so the address is not suppressed for it.
        *	5yz	x.1.2	*	addr	no	0
        *	5yz	5.4.4	*	addr	no	0
        *	5yz	x.2.1	*	addr	yes	0
        # Microsoft's "access denied" for an unknown user.
        rcpt	5yz	5.4.1	access denied	addr	yes	0
        # Our own sender address or command.
        *	5yz	x.1.7	*	config	no	0
        *	5yz	x.1.8	*	config	no	0
        *	5yz	5.5.4	*	config	no	0
        *	5yz	x.4.6	*	config	no	0
        # The mailbox is full or the message grew old elsewhere: final for this message, not for the address.
        *	5yz	x.2.2	*	mailbox	no	0
        *	5yz	x.4.7	*	mailbox	no	0
        rcpt	552	-	*	mailbox	no	0
        # The message.
        *	5yz	x.2.3	*	content	no	0
        *	5yz	x.3.4	*	content	no	0
        *	552	*	*	content	no	0
        *	5yz	x.6.*	*	content	no	0
        *	5yz	x.7.*	*	content	no	0
        mail	5yz	x.5.*	*	config	no	0
        *	5yz	x.5.*	*	content	no	0
        # The receiving system or the route, for good: says nothing about the address.
        *	5yz	x.3.*	*	mailbox	no	0
        *	5yz	x.4.*	*	mailbox	no	0
        # No enhanced code: the text is all there is.
        rcpt	550	-	user|mailbox|recipient|unknown|exist|invalid	addr	yes	0
        rcpt	551	-	user|mailbox|recipient|unknown|exist|invalid	addr	yes	0
        rcpt	553	-	user|mailbox|recipient|unknown|exist|invalid	addr	yes	0
        connect	5yz	*	*	config	no	0
        mail	5yz	*	*	config	no	0
        *	5yz	*	*	content	no	0
        # Greylisting: the first retry not before five minutes.
        *	4yz	4.7.*	*	transient	no	300
        *	450	*	grey|gray	transient	no	300
        *	451	*	grey|gray	transient	no	300
        *	4yz	*	*	transient	no	0
        """##
}
