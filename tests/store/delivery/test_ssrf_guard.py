"""Messages go out, and not in: no address behind the firewall unless the operator allows it."""

import httpx
import pytest

from xhcredit.errors import BadInput
from xhcredit.jobs.delivery.ssrf_guard import AddressPolicy

INSIDE = [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.1",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "[::1]", "[fe80::1]", "[fd00::1]",
    "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "[2001:0:0:0:0:0:80ff:fffe]",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_what_is_inside_is_refused_however_it_is_written(host):
    with pytest.raises(BadInput, match="is inside, at"):
        AddressPolicy().url(f"https://{host}/x")


@pytest.mark.parametrize("name", ["localhost", "2130706433", "0x7f.1"])
def test_a_name_of_something_inside_is_refused_when_it_is_looked_up(name):
    url = AddressPolicy().url(f"https://{name}/x")
    with pytest.raises(BadInput, match=r"is inside, at|nobody has the name"):
        AddressPolicy().resolved_address(url)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http://93.184.216.34/x", "without HTTPS"),
        ("http://a.example/x", "without HTTPS"),
        ("https://me:secret@a.example/x", "a password"),
        ("https://a.example/x#y", "a password or a #"),
        ("ftp://a.example/x", "https:// addresses only"),
        ("file:///etc/passwd", "https:// addresses only"),
        ("gopher://127.0.0.1:6379/_x", "https:// addresses only"),
        ("a.example", "https:// addresses only"),
        ("https://", "https:// addresses only"),
        ("https://a.example/" + "x" * 3000, "https:// addresses only"),
        ("https://a.exam\nple/", "no address"),
        ("https://a.example:99999999/", "there is no port"),
    ],
)
def test_what_is_no_address_to_be_told_at_is_refused(text, message):
    with pytest.raises(BadInput, match=message):
        AddressPolicy().url(text)


def test_outside_is_taken():
    outward = AddressPolicy()

    assert (
        str(outward.resolved_address(outward.url("https://93.184.216.34:8443/x")))
        == "93.184.216.34"
    )
    assert outward.url("https://platform.example.cn/hooks").host == "platform.example.cn"


def test_the_operator_may_allow_networks_and_hosts():
    network, host = AddressPolicy.of("10.0.0.0/8, fd00::/8"), AddressPolicy.of("localhost")

    for url in ("http://10.9.8.7/x", "https://10.9.8.7/x", "http://[fd00::5]/x"):
        network.resolved_address(network.url(url))
    host.resolved_address(host.url("http://localhost:8080/x"))
    with pytest.raises(BadInput, match="is inside"):
        network.url("https://192.168.1.1/")
    with pytest.raises(BadInput, match="without HTTPS"):
        host.url("http://other/x")
    with pytest.raises(BadInput, match="is inside"):
        network.resolved_address(httpx.URL("https://localhost/"))
