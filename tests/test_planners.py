"""Personal links: who may come, as whom; and whose kernel is whose."""

import stat

import pytest

from salesforecast.errors import ParameterError
from salesforecast.planners import CLAIMS, KERNEL, Links, claim, planner


def test_a_link_is_kept_private_and_read_again(tmp_path):
    path = tmp_path / "app" / "links.toml"
    links = Links.read(path).invite("Ann Lee").invite('李 "敏" 慧\\')
    links.write()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Links.read(path)
    assert again.tokens == links.tokens
    assert {again.name_of(token) for token in again.tokens.values()} == set(links.tokens)
    assert len(set(links.tokens.values())) == 2


def test_who_has_a_link_keeps_it_and_a_wrong_token_is_nobodys(tmp_path):
    links = Links.read(tmp_path / "links.toml").invite("Ann")
    assert links.invite(" Ann ").tokens == links.tokens
    for token in ("", "x", links.tokens["Ann"][:-1], links.tokens["Ann"] + "x", "é"):
        assert links.name_of(token) == ""


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81])
def test_what_is_no_name_gets_no_link(name, tmp_path):
    with pytest.raises(ParameterError):
        Links.read(tmp_path / "links.toml").invite(name)


@pytest.mark.parametrize("text", ["not toml", "Ann = 3", 'Ann = ""'])
def test_a_broken_file_lets_nobody_in(text, tmp_path):
    (tmp_path / "links.toml").write_text(text, "utf-8")
    with pytest.raises(ParameterError, match="cannot be read"):
        Links.read(tmp_path / "links.toml")


def test_a_kernel_belongs_to_the_first_who_comes(tmp_path):
    assert claim(tmp_path, "k1", "Ann")
    assert claim(tmp_path, "k1", "Ann")
    assert not claim(tmp_path, "k1", "Bo")
    assert claim(tmp_path, "k2", "Bo")


def test_the_planner_is_the_holder_of_the_link_or_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("SALESFORECAST_USER", "me")
    monkeypatch.delenv(CLAIMS, raising=False)
    assert planner() == "me"
    monkeypatch.setenv(CLAIMS, str(tmp_path))
    monkeypatch.setenv(KERNEL, "k1")
    assert planner() == "", "a kernel that nobody opened acts for nobody"
    claim(tmp_path, "k1", "李敏慧")
    assert planner() == "李敏慧"
