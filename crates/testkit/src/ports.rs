//! Ports of this machine that a test may leave and take again, as no other program is given them meanwhile.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Ports that need no rights, and that no browser refuses to ask.
const ALL: RangeInclusive<u16> = 10_081..=65_535;
/// Which ports the kernel gives to outgoing connections, and to listeners that name none.
const KERNELS: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// So many ports outside of the kernel's are enough for all tests that run at one time.
const ENOUGH: usize = 1_000;
/// How many ports are tried before it is said that none is free.
const TRIES: usize = 10_000;

/// A port that was free when it was claimed, and that no other test claims as long as the value lives.
///
/// The claim is a socket with the port's number for a name: it ends with the process, however that ends, and holds in the
/// network namespace in which the port is one.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _claim: UnixDatagram,
}

impl Port {
    /// Claims a port.
    ///
    /// # Panics
    /// When no port is free.
    #[track_caller]
    pub fn claim() -> Self {
        let range = std::fs::read_to_string(KERNELS).unwrap_or_default();
        let ports = candidates(&range);
        let mut claims = (0..TRIES).filter_map(|_| Self::try_claim(ports[fastrand::usize(..ports.len())]));
        claims.next().expect("a port is free")
    }

    fn try_claim(number: u16) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("nextlink-port-{number}")).ok()?;
        let claim = UnixDatagram::bind_addr(&name).ok()?;
        // Who has it at one address of the machine has it for us.
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, number)).ok()?;
        Some(Self { number, _claim: claim })
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

/// The ports that the kernel does not give away by itself, by the words of its setting; all where those are too few.
fn candidates(range: &str) -> Vec<u16> {
    let mut ends = range.split_ascii_whitespace().map(str::parse::<u16>);
    let (Some(Ok(first)), Some(Ok(last))) = (ends.next(), ends.next()) else { return ALL.collect() };
    let outside: Vec<u16> = ALL.filter(|port| !(first..=last).contains(port)).collect();
    if outside.len() < ENOUGH { ALL.collect() } else { outside }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Port, candidates};
    use std::collections::BTreeSet;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn ports_of_the_kernel_are_left_alone() {
        let all = ALL.count();
        for (range, count, some, never) in [
            ("32768\t60999\n", all - 28_232, 61_000, 32_768),
            ("15000 61000", all - 46_001, 65_535, 15_000),
            ("1024 65535", all, 40_000, 10_080),
            ("10100 65500", all, 10_100, 0),
            ("", all, 32_768, 0),
        ] {
            let ports: BTreeSet<u16> = candidates(range).into_iter().collect();
            assert_eq!(ports.len(), count, "{range}");
            assert!(ports.contains(&some) && !ports.contains(&never), "{range}");
        }
    }

    #[test]
    fn a_port_is_claimed_once_and_not_where_somebody_listens() {
        let port = Port::claim();
        assert!(Port::try_claim(port.number()).is_none(), "it is claimed");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let number = listener.local_addr().unwrap().port();
        assert!(Port::try_claim(number).is_none(), "somebody listens");
    }
}
