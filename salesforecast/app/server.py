"""Serve a notebook's screen by Voila: to holders of a personal link only, each with an own kernel."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from jupyter_server.services.kernels.handlers import KernelHandler
from tornado.web import HTTPError
from traitlets import Unicode
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import AllowListFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from salesforecast.errors import EngineError
from salesforecast.planners import Links, claim

PAGE = Path(__file__).parent / "page"
NEEDED = ["anywidget", "@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"]
# Nothing on the page may ask another machine, and no other page may hold this one in a frame.
POLICY = "; ".join(
    (
        "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class LinkHolders(IdentityProvider):
    """Knows a planner by the token of the personal link, and afterwards by a signed cookie."""

    links = Unicode(help="The file of personal links.").tag(config=True)

    async def get_user_token(self, handler: Any) -> User | None:
        name = Links.read(self.links).name_of(self.get_token(handler) or "")
        return User(username=name) if name else None

    def user_from_cookie(self, cookie_value: str) -> User | None:
        user = super().user_from_cookie(cookie_value)
        known = user is not None and user.username in Links.read(self.links).tokens
        return user if known else None

    def get_handlers(self) -> list[tuple[str, object]]:
        return []


class _OwnKernel:
    """A kernel answers only to the planner who came to it first."""

    current_user: Any
    settings: dict[str, Any]
    path_args: list[str]
    path_kwargs: dict[str, str]

    async def prepare(self, *arguments: Any, **options: Any) -> None:
        await super().prepare(*arguments, **options)  # type: ignore[misc]
        kernel = (*self.path_kwargs.values(), *self.path_args)[0]
        if self.current_user is None or kernel not in self.settings["kernel_manager"]:
            raise HTTPError(403)
        if not claim(self.settings["claims"], kernel, self.current_user.username):
            raise HTTPError(403)


class OwnKernel(_OwnKernel, KernelHandler):
    """What the page asks about its kernel."""


class OwnChannels(_OwnKernel, VoilaKernelWebsocketHandler):
    """What the page and its kernel say to each other."""


class OwnShutdown(_OwnKernel, VoilaShutdownKernelHandler):
    """The page's farewell."""


class Screen(TornadoVoilaHandler):
    """The page itself; who holds no link is told so."""

    async def prepare(self) -> None:
        try:
            await super().prepare()
        except HTTPError:
            if self.current_user is not None:
                raise
        if self.current_user is None:
            self.set_status(403)
            self.finish((PAGE / "refused.html").read_text("utf-8"))
        elif self.get_argument("token", ""):  # known by the cookie now: no secret in the address
            self.redirect(self.request.path)


class PlannersApp(Voila):
    """Voila with personal links, own kernels and a page of our own."""

    identity_provider_class = LinkHolders
    claims = Unicode(help="Folder that notes whose kernel is whose.")
    ready: Callable[[str], None]

    def listen(self) -> None:
        from tornado.ioloop import IOLoop

        IOLoop.current().add_callback(lambda: self.ready(self.connection_url))
        super().listen()

    def exit(self, exit_status: int = 0) -> None:
        raise EngineError(
            "the planner's app could not listen.",
            where=f"port {self.port} of this machine",
            fix="end what listens there, or choose another port with --port.",
        )

    def setup_template_dirs(self) -> None:
        super().setup_template_dirs()
        self.template_paths.insert(0, str(PAGE))

    def init_settings(self) -> Any:
        settings = super().init_settings()
        del settings["login_url"]  # there is no form: a link is the only way in
        settings.update(
            claims=self.claims,
            allow_unauthenticated_access=True,  # static files; the handlers below ask for themselves
            headers=HEADERS,
        )
        return settings

    def init_handlers(self) -> Any:
        own = {
            KernelHandler: OwnKernel,
            VoilaKernelWebsocketHandler: OwnChannels,
            VoilaShutdownKernelHandler: OwnShutdown,
            TornadoVoilaHandler: Screen,
        }
        closed = (RequestInfoSocketHandler, AllowListFileHandler)
        kept = super().init_handlers()
        if not {handler for _, handler, *_ in kept}.issuperset(own):
            raise RuntimeError(
                "Voila serves kernels in another way than this version of ours knows"
            )
        return [
            (address, own.get(handler, handler), *rest)
            for address, handler, *rest in kept
            if handler not in closed
        ]


def serve(
    notebook: Path,
    *,
    links: Path,
    claims: Path,
    port: int,
    fixed: bool,
    warm: int,
    idle: int,
    ready: Callable[[str], None],
) -> None:
    """Serve `notebook` on the loopback interface until the process is ended.

    Parameters
    ----------
    notebook
        What is shown: the outputs of its cells tagged `screen`.
    links, claims
        The file of personal links; the private folder where kernels are claimed.
    port, fixed
        Where to listen, and whether another port will not do.
    warm
        Kernels that stand ready.
    idle
        Seconds after which a kernel without a page is ended.
    ready
        Is told the address when the server listens.

    Raises
    ------
    EngineError
        If the port is taken.
    """
    from traitlets.config import Config

    config = Config()
    config.Voila.update(ip="127.0.0.1", port=port, port_retries=0 if fixed else 20)
    config.Voila.update(open_browser=False, log_level=logging.WARNING)
    config.Voila.cookie_secret = _cookie_secret(links.with_name("cookie-secret"))
    config.LinkHolders.links = str(links)
    config.VoilaConfiguration.update(
        preheat_kernel=warm > 0,
        default_pool_size=warm,
        show_tracebacks=True,
        extension_allowlist=NEEDED,
        allow_template_override="NO",
        allow_theme_override="NO",
    )
    config.MappingKernelManager.update(
        cull_idle_timeout=idle, cull_interval=min(60, max(idle // 2, 1)), cull_connected=False
    )
    app = PlannersApp(config=config, notebook_path=str(notebook), claims=str(claims))
    app.ready = ready
    app.initialize([])
    app.start()


def _cookie_secret(path: Path) -> bytes:
    """The bytes that sign cookies, the same after a restart; made when they are not there."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    made = secrets.token_bytes(32)
    with os.fdopen(handle, "wb") as file:
        file.write(made)
    return made
