"""An HTTP server of a test on a free port of loopback, in a thread, for as long as a `with` lasts."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that hangs up (a killed daemon) is no fault of the test."""


class Loopback:
    """Derive from it: answer(handler) is called for each GET, in a thread of its own. `port` is where it listens."""

    def __enter__(self):
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                served.answer(self)

            def log_message(self, *_):
                pass

        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
