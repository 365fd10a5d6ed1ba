//! Which addresses and host names belong to the public internet.
//!
//! The tables follow the IANA special-purpose registries (RFC 6890 and its updates). IPv6 is closed unless opened: only
//! `2000::/3` is global unicast, so mapped, translated, local and future ranges need no entry of their own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are not the public internet, as network and prefix length.
const CLOSED_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // RFC 1918
    ([100, 64, 0, 0], 10),    // carrier-grade NAT, and one cloud's metadata address
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // a cloud's wire server, reachable from every machine in it
    ([169, 254, 0, 0], 16),   // link-local, and most clouds' metadata address
    ([172, 16, 0, 0], 12),    // RFC 1918
    ([192, 0, 0, 0], 24),     // IETF protocol assignments
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // RFC 1918
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, and broadcast
];

/// Blocks inside `2000::/3` that are closed, as the first two groups and the prefix length (at most 32).
const CLOSED_V6: &[([u16; 2], u32)] = &[
    ([0x2001, 0x0000], 23), // IETF protocol assignments: Teredo, benchmarks, ORCHID
    ([0x2001, 0x0db8], 32), // documentation
    ([0x2002, 0x0000], 16), // 6to4: carries an IPv4 address of anybody's choice
    ([0x3fff, 0x0000], 20), // documentation
];

/// Host names that never lead to the public internet, with everything below them.
const CLOSED_NAMES: &[&str] = &[
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home.arpa",
    "onion",
];

/// Whether a connection to this address may be opened without an operator's permission.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !CLOSED_V4
        .iter()
        .any(|(network, length)| same_prefix(bits, u32::from(Ipv4Addr::from(*network)), *length))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let groups = address.segments();
    let bits = u32::from(groups[0]) << 16 | u32::from(groups[1]);
    groups[0] & 0xe000 == 0x2000
        && !CLOSED_V6
            .iter()
            .any(|(network, length)| same_prefix(bits, u32::from(network[0]) << 16 | u32::from(network[1]), *length))
}

fn same_prefix(left: u32, right: u32, length: u32) -> bool {
    (left ^ right).checked_shr(32 - length).unwrap_or(0) == 0
}

/// Whether a name may be resolved at all. The addresses that come back are checked again; this only stops names whose
/// meaning is local, and names without a dot, which a search list would complete.
pub(crate) fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let closed = CLOSED_NAMES.iter().any(|closed| {
        name.strip_suffix(closed)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    name.contains('.') && !closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_of_every_closed_block() {
        let closed = [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::a00:1",
            "100::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3fff::1",
            "3fff:fff::1",
            "4000::1",
            "5f00::1",
        ];
        for text in closed {
            assert!(!is_public(text.parse().unwrap()), "{text} must be closed");
        }
        let open = [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "3fff:1000::1",
        ];
        for text in open {
            assert!(is_public(text.parse().unwrap()), "{text} must be open");
        }
    }

    #[test]
    fn local_names_are_closed() {
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "foo.localhost",
            "a.b.localhost.",
            "printer.local",
            "metadata.google.internal",
            "router.lan",
            "nas.home.arpa",
            "x.onion",
            "db",
            "metadata",
        ] {
            assert!(!is_public_name(name), "{name} must be closed");
        }
        for name in [
            "example.com",
            "localhost.example.com",
            "mylocal.dev",
            "internal.example.com",
            "notlocalhost.net",
        ] {
            assert!(is_public_name(name), "{name} must be open");
        }
    }
}
