"""The token: made once, kept by its user alone, and compared whole."""

import os
import stat

import pytest

from control_socket import ApiProcess
from corridor.controller.api.guard import BadTokenFile, Doorkeeper, token_in

TOKEN = "A" * 43
NOBODY = 65534


@pytest.fixture
def file(tmp_path):
    return tmp_path / "token"


def held(file, text=f"{TOKEN}\n", mode=0o600):
    file.write_text(text)
    file.chmod(mode)
    return file


def test_it_is_made_of_32_random_bytes_for_its_user_alone_whatever_the_umask(file):
    before = os.umask(0)
    try:
        token = token_in(file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{token}\n"
    assert len(token) == 43
    assert token_in(file) == token
    file.unlink()
    assert token_in(file) != token


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o602, 0o601, 0o777])
def test_a_file_that_others_may_use_is_refused(file, mode):
    with pytest.raises(BadTokenFile, match="others may use"):
        token_in(held(file, mode=mode))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(file):
    os.chown(held(file), NOBODY, NOBODY)
    with pytest.raises(BadTokenFile, match="belongs to another user"):
        token_in(file)


@pytest.mark.parametrize(
    "text", ["", "\n", "short\n", f"{TOKEN} \n", f"{TOKEN}\n{TOKEN}\n", "B" * 5000, "é" * 43]
)
def test_a_file_without_a_token_is_refused(file, text):
    with pytest.raises(BadTokenFile, match="holds no token"):
        token_in(held(file, text))


def test_what_is_no_file_is_refused(tmp_path):
    held(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "hanging").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("link", "hanging", "fifo", "folder"):
        with pytest.raises(BadTokenFile):
            token_in(tmp_path / name)
    assert not (tmp_path / "nothing").exists()


def test_a_folder_in_which_others_may_put_another_is_refused(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(BadTokenFile, match="others may write to"):
        token_in(folder / "token")
    held(folder / "token")
    with pytest.raises(BadTokenFile, match="others may write to"):
        token_in(folder / "token")
    folder.chmod(0o1777)
    assert token_in(folder / "token") == TOKEN


@pytest.mark.parametrize("place", ["nowhere/token", "file/token"])
def test_a_place_where_none_can_be_made_is_told(tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(BadTokenFile, match="cannot"):
        token_in(tmp_path / place)


@pytest.mark.parametrize("mode", [0o644, 0o666])
def test_the_process_says_that_it_refuses_and_does_not_listen(file, tmp_path, mode):
    with ApiProcess(tmp_path / "control.sock", held(file, mode=mode)) as api:
        assert api.process.wait(20) == 3
        assert "others may use" in api.said["failed"]["reason"]
        assert TOKEN not in str(api.said) + api.process.stderr.read()


@pytest.mark.parametrize(
    ("header", "is_it"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer {TOKEN}", True),
        (f"Bearer  {TOKEN}", True),
        (f"Bearer {TOKEN[:-1]}", False),
        (f"Bearer {TOKEN}A", False),
        (f"Bearer {TOKEN.lower()}", False),
        (f"Bearer{TOKEN}", False),
        (f" Bearer {TOKEN}", False),
        (TOKEN, False),
        ("Bearer", False),
        ("Bearer " + "A" * 100_000, False),
        ("", False),
    ],
)
def test_only_the_whole_token_is_it(header, is_it):
    assert Doorkeeper(TOKEN).lets_in(header.encode()) == is_it
