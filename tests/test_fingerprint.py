"""What a result depends on is found and hashed."""

import hashlib

from salesforecast.fingerprint import code, sha256, software, tables


def test_tables_are_files_patterns_and_folders_at_any_depth(tmp_path):
    for name in ("a.csv", "orders-1.csv", "orders-2.csv", "more/b.csv", "more/c.csv", "not.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    toml = tmp_path / "organisation.toml"
    toml.write_text(
        "name = 'not.csv'\n[territories]\npath = 'a.csv'\n"
        "[[source]]\npath = 'orders-*.csv'\n[[source]]\npath = 'more'\n"
        "[[source]]\npath = 'gone.csv'\n",
        "utf-8",
    )
    names = [path.relative_to(tmp_path).as_posix() for path in tables(toml)]
    assert names == ["a.csv", "more/b.csv", "more/c.csv", "orders-1.csv", "orders-2.csv"]


def test_what_is_no_toml_names_nothing(tmp_path):
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe not toml =")
    assert tables(tmp_path / "odd.toml") == []
    assert tables(tmp_path / "gone.toml") == []


def test_a_hash_is_of_the_content_and_empty_without_one(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
    assert sha256(tmp_path / "b") == ""


def test_software_names_versions_and_our_own_source():
    found = software()
    assert found["code"] == code()
    assert found["pandas"][0].isdigit()
    assert found["salesforecast"][0].isdigit()
