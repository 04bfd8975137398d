"""What looks like a password, a token or a key is not shown; what only sounds like one is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.redaction import labels_without_credentials, without_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:hunter2@host/x?y=1#z", "http://host/x?y=1#z"),
        ("postgres://u:hun@ter2@db:5432/orders", "postgres://db:5432/orders"),
        ("Authorization: Bearer abc.hunter2-123", "Authorization: ***"),
        ("GET / HTTP/1.1\r\nAuthorization: Basic hunter2=\r\nHost: a", "GET / HTTP/1.1\r\nAuthorization: ***\r\nHost: a"),
        ("map[Accept:[*/*] Authorization:[Bearer hunter2] Cookie:[a=hunter2; b=c] Host:[a]]",
         "map[Accept:[*/*] Authorization:[***] Cookie:[***] Host:[a]]"),
        ('{"Authorization": "Basic hunter2", "a": 1}', '{"Authorization": "***", "a": 1}'),
        (r'{\"authorization\":\"hunter2\"}', r'{\"authorization\":\"***"}'),
        ("proxy-authorization=Negotiate hunter2", "proxy-authorization=***"),
        ("X-Api-Key: hunter2", "X-Api-Key: ***"),
        ("Set-Cookie: session=hunter2; HttpOnly", "Set-Cookie: ***"),
        ("login with bearer hunter2hunter2 failed", "login with bearer *** failed"),
        ("password=hunter2&x=1", "password=***&x=1"),
        ('{token: "hunter2", user: "x"}', '{token: "***", user: "x"}'),
        ('{"passphrase": "hunter2 hunter2, hunter2", "a": 1}', '{"passphrase": "***", "a": 1}'),
        (r'{\"pwd\": \"hunter2 hunter\2\", \"a\": 1}', r'{\"pwd\": \"***\", \"a\": 1}'),
        ('{"client_secret": "hunter2"}', '{"client_secret": "***"}'),
        ("DB_PASSWORD=hunter2 ./app", "DB_PASSWORD=*** ./app"),
        ("AWS_SECRET_ACCESS_KEY=hunter2", "AWS_SECRET_ACCESS_KEY=***"),
        ("https://h/x?access_token=hunter2&a=b", "https://h/x?access_token=***&a=b"),
        ("user eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hunter2-def_x", "user ***"),
        ("key AKIAIOSFODNN7EXAMPLE", "key ***"),
        ("ghp_" + "a1" * 18, "***"),
    ],
)  # fmt: skip
def test_credentials_are_hidden(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
    assert without_credentials(shown) == shown


def test_labels_are_hidden_by_their_names_too() -> None:
    labels = {"password": "hunter2", "X-Api-Key": "hunter2 hunter2", "my token": "a hunter2"}
    assert labels_without_credentials(labels) == dict.fromkeys(labels, "***")
    others = {"tenant": "a", "path": "/x", "tokens": "5"}
    assert labels_without_credentials(others) == others
    assert labels_without_credentials({"db": "pg://u:hunter2@h/d"}) == {"db": "pg://h/d"}


@pytest.mark.parametrize(
    "text",
    [
        "main.(*Token).Get(0x1)",
        "github.com/golang-jwt/jwt/v4.(*Parser).ParseUnverified",
        "/go/pkg/mod/github.com/x/secret@v1.2.3/token.go:12",
        "/app/password.go:15",
        "main.keys(...)",
        "duplicate key: x",
        "unexpected key",
        "bearer authentication failed",
        "basic auth is off",
        "monkey: 5",
        "runtime error: index out of range [5] with length 3",
        "21 -> 52 -> 86 goroutines at main.leak1.func1 (/app/leak_receiver/main.go:23)",
    ],
)
def test_what_only_sounds_like_one_stays(text: str) -> None:
    assert without_credentials(text) == text


@given(st.text())
def test_any_text(text: str) -> None:
    once = without_credentials(text)
    assert without_credentials(once) == once


@pytest.mark.parametrize(
    "part",
    ["//", "//a", "authorization:", "token", "Bearer ", "eyJ", "eyJaaaaaaaaa.", "x-a", "password ", "-key", "a@", "pwd=\\\"", "pwd=\"a", "pwd=\"\\", "xox-"],
)  # fmt: skip
def test_the_time_grows_with_the_text_and_no_faster(part: str) -> None:
    def seconds(size: int) -> float:
        text = part * (size // len(part))
        best = float("inf")
        for _ in range(3):
            begin = time.process_time()
            without_credentials(text)
            best = min(best, time.process_time() - begin)
        return best

    assert seconds(400_000) < 8 * seconds(100_000) + 0.01
