#!/usr/bin/env python3
"""A mail server for tests: takes mail on 127.0.0.1 and prints each as a line of JSON.

First line: {"port": N}. Then {"from", "to", "subject", "headers": {…}, "text", "html", "raw"}, parsed by Python's own parser.
Addresses that begin with "later" are refused for now (451), those with "never" for good (550).
Usage: smtp_sink.py [--tls CERT KEY] [--login USER PASSWORD]
"""
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


def tell(what):
    print(json.dumps(what), flush=True)


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("later"):
            return "451 come back later"
        if address.startswith("never"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        m = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {p.get_content_type(): p.get_content() for p in m.walk() if not p.is_multipart()}
        tell({"from": envelope.mail_from, "to": envelope.rcpt_tos, "subject": m["subject"],
              "headers": {k.lower(): str(v) for k, v in m.items()}, "type": m.get_content_type(),
              "defects": [repr(d) for p in m.walk() for d in p.defects],
              "text": parts.get("text/plain"), "html": parts.get("text/html"), "tls": session.ssl is not None,
              "login": getattr(session, "authenticated", False), "raw": envelope.content.decode("latin-1")})
        return "250 taken"


def main():
    args = sys.argv[1:]
    options = {}
    if "--tls" in args:
        at = args.index("--tls")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args[at + 1], args[at + 2])
        options.update(tls_context=context, require_starttls=True)
    if "--login" in args:
        at = args.index("--login")
        want = (args[at + 1].encode(), args[at + 2].encode())
        options.update(auth_required=True, auth_require_tls="--tls" in args,
                       authenticator=lambda server, session, envelope, mechanism, data:
                       AuthResult(success=(data.login, data.password) == want))

    class Server(Controller):
        def factory(self):
            return SMTP(self.handler, hostname="sink.test", **options)

    import socket
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    server = Server(Sink(), hostname="127.0.0.1", port=port)
    server.start()
    tell({"port": port})
    try:
        for line in sys.stdin:  # ends with the test
            tell({"mark": int(line)})
    except KeyboardInterrupt:
        pass
    server.stop()


main()
