"""A webhook and a mail server on this machine, that keep what they are sent."""

import json
import socket
import threading
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def webhook(answer=b'{"errcode":0,"errmsg":"ok"}', status=200, location=""):
    """Yield its address and the list of (path, body) that it gets."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(
                (self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            )
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/send?key=hunter22", got
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def mail_server():
    """Yield its address and the list of messages that it gets; who logs in is `ann:hunter22`."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    got = []

    class Handler:
        async def handle_DATA(self, _server, _session, envelope):
            got.append(
                (envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default))
            )
            return "250 OK"

    def authenticate(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"ann", b"hunter22"))

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port, authenticator=authenticate, auth_require_tls=False)  # fmt: skip
    controller.start()
    try:
        yield f"smtp://ann:hunter22@127.0.0.1:{port}", got
    finally:
        controller.stop()
