"""Which addresses belong to the public internet. Pure: dialling them, and asking what a name means, is ``fetch``'s.

An explicit list, since ``ipaddress.is_global`` is no judge: on Python 3.11 it lets NAT64, 6to4, multicast and Azure's
168.63.129.16 pass, each of which leads inside.
"""

from ipaddress import IPv4Address, IPv6Address, ip_network

Address = IPv4Address | IPv6Address

# From the registries of special-purpose addresses (RFC 6890 and its updates), and what clouds keep for themselves.
_NOT_PUBLIC_4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
# So far all of the public IPv6 internet is in the first; but for protocol assignments with Teredo and ORCHID,
# documentation, 6to4 (RFC 7526 ended it: whatever claims to be there is somebody's tunnel), and AS112.
_PUBLIC_6 = ip_network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")),
)
_NAT64 = ip_network("64:ff9b::/96")
_ISATAP = 0x00005EFE


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet; one that wraps an IPv4 address is judged by that one."""
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _NOT_PUBLIC_4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:  # how a network without IPv4 reaches sites that have nothing else
        return is_public(IPv4Address(address.packed[12:]))
    tunnelled = (int(address) >> 32) & 0xFDFFFFFF == _ISATAP
    return address in _PUBLIC_6 and not tunnelled and not any(address in block for block in _NOT_PUBLIC_6)
