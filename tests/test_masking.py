"""Secrets are refused as parameters, and found in no way of writing them."""

import html
import json
import zipfile
from urllib.parse import quote

import pytest

from salesforecast.errors import EngineError, ParameterError
from salesforecast.masking import Mask, hide_credentials, holds_credentials, refuse_secrets

PASSWORD = 'p@ss"wörd/7\\'


def _mask(**environment):
    return Mask.of(environment)


@pytest.mark.parametrize(
    "name", ["token", "api_key", "APIKEY", "db_password", "Passwd", "client_secret", "SALES_WEBHOOK", "数据库密码", "access_token", "pwd"]
)  # fmt: skip
def test_names_of_secrets_are_refused(name):
    with pytest.raises(ParameterError, match="looks like a secret") as refused:
        refuse_secrets({name: "hunter22"}, where="here")
    assert "hunter22" not in str(refused.value)


@pytest.mark.parametrize(
    "value", ["postgresql://ann:hunter22@db/sales", "https://hook.example/send?key=hunter22", "mysql+pymysql://:hunter22@h/x", "https://x/y?a=1&access_token=hunter22"]
)  # fmt: skip
def test_values_with_credentials_are_refused(value):
    assert holds_credentials(value)
    assert "hunter22" not in hide_credentials(value)
    with pytest.raises(ParameterError) as refused:
        refuse_secrets({"note": value}, where="here")
    assert "hunter22" not in str(refused.value)


@pytest.mark.parametrize(
    "value", ["0.05", "a/b", "https://example.com/x?page=2", "name@company.com", "3:4@5"]
)
def test_other_values_are_not(value):
    assert not holds_credentials(value)
    refuse_secrets({"monkey": value, "compass": value, "keyboard": value}, where="here")


@pytest.mark.parametrize(
    "written",
    [PASSWORD, quote(PASSWORD, safe=""), json.dumps(PASSWORD), json.dumps(PASSWORD, ensure_ascii=False), html.escape(PASSWORD), repr(PASSWORD), json.dumps(repr(PASSWORD))],
    ids=["plain", "address", "json", "json, letters", "html", "python", "python in json"],
)  # fmt: skip
def test_a_password_is_masked_however_it_is_written(written):
    for environment in (
        {"DB_PASSWORD": PASSWORD},
        {"SALES": f"postgresql://ann:{quote(PASSWORD, safe='')}@db/x"},
    ):
        masked = _mask(**environment).text(f"before {written} after")
        assert "wörd" not in masked and "w\\u00f6rd" not in masked and "w%C3%B6rd" not in masked
        assert masked.startswith("before ") and masked.endswith(" after")


def test_named_variables_are_masked_whole_and_others_not():
    mask = Mask.of({"HOOK": "https://hooks.example/T0/abcdef", "HOME": "/home/ann"}, extra=["HOOK"])
    assert mask.text("https://hooks.example/T0/abcdef in /home/ann") == "*** in /home/ann"


def test_places_are_no_secrets(tmp_path):
    assert _mask(PWD=str(tmp_path), PASSWORD_FILE=str(tmp_path)).values == ()


def test_files_are_masked_and_binary_ones_withheld(tmp_path):
    mask = _mask(API_TOKEN="hunter22")
    (tmp_path / "a.csv").write_text("x,hunter22\n")
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as packed:
        packed.writestr("xl/sharedStrings.xml", "<t>hunter22</t>")
        packed.writestr("xl/other.xml", "<t>kept</t>")
    mask.folder(tmp_path)
    assert (tmp_path / "a.csv").read_text() == "x,***\n"
    with zipfile.ZipFile(tmp_path / "b.xlsx") as packed:
        assert packed.read("xl/sharedStrings.xml") == b"<t>***</t>"
        assert packed.read("xl/other.xml") == b"<t>kept</t>"
    (tmp_path / "c.parquet").write_bytes(b"PAR1\x00\x00hunter22")
    with pytest.raises(EngineError, match="holds a secret"):
        mask.folder(tmp_path)
    assert not (tmp_path / "c.parquet").exists()
