//! Proofs: that a call or an answer comes from a node of this cluster, and that a registry row was
//! written by one.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;

use super::facts::{NodeFacts, Party};
use crate::error::Error;
use crate::keys::{KeyId, MasterKeys, Purpose};
use crate::wire::{hex, put_prefixed, unhex};

/// The longest proof that is looked at, in characters.
pub const MAX_PROOF_CHARS: usize = 160;

const VERSION: &str = "1";
const MAC: usize = 32;
const KEY_NAME: usize = 4;

/// What stands for a body in the proof of its call, so that the proof can be checked before the body has come: its
/// SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyHash([u8; 32]);

impl BodyHash {
    /// That of a body.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, body).as_ref());
        Self(hash)
    }

    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }
}

impl fmt::Display for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A call from one node to another: all that its proof covers, except time and number.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query as sent.
    pub target: &'a str,
    /// The whole body.
    pub body: BodyHash,
    /// Who calls.
    pub from: Party,
    /// Who is called.
    pub to: Party,
}

/// When a call was made and which one it is; and what its answer is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds of the cluster's clock.
    pub time_ms: u64,
    /// The caller gives each of its calls a number of its own.
    pub number: u64,
    mac: [u8; MAC],
}

struct Pair {
    id: KeyId,
    call: hmac::Key,
    row: hmac::Key,
}

/// The keys by which the nodes of a cluster know one another; derived once from the master keys.
pub struct PeerKeys {
    /// The current one first. It signs; all of them check, so that keys can be changed node by node.
    pairs: Vec<Pair>,
}

impl fmt::Debug for PeerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pairs.iter().map(|pair| pair.id)).finish()
    }
}

impl PeerKeys {
    /// Derives the keys.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library refuses.
    pub fn new(keys: &MasterKeys) -> Result<Self, Error> {
        let key = |secret: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, secret);
        let pairs = keys.all().map(|master| {
            let call = key(master.derive(Purpose::PeerCall)?.as_slice());
            let row = key(master.derive(Purpose::NodeRow)?.as_slice());
            Ok(Pair { id: master.id(), call, row })
        });
        Ok(Self { pairs: pairs.collect::<Result<_, Error>>()? })
    }

    /// The proof of a call made now, as text, and its stamp.
    #[must_use]
    pub fn prove(&self, call: &Call<'_>, time_ms: u64, number: u64) -> Option<(String, Stamp)> {
        let pair = self.pairs.first()?;
        let tag = hmac::sign(&pair.call, &covered(call, time_ms, number));
        let mac: [u8; MAC] = tag.as_ref().try_into().ok()?;
        let fields = [VERSION, &hex(&pair.id.0), &time_ms.to_string(), &number.to_string(), &hex(&mac)];
        Some((fields.join("."), Stamp { time_ms, number, mac }))
    }

    /// Checks the proof of a call; whether it comes in time and for the first time is for
    /// [`Replays`](super::Replays).
    #[must_use]
    pub fn check(&self, proof: &str, call: &Call<'_>) -> Option<Stamp> {
        if proof.len() > MAX_PROOF_CHARS {
            return None;
        }
        let mut fields = proof.split('.');
        if fields.next()? != VERSION {
            return None;
        }
        let id = KeyId(unhex(fields.next()?)?);
        let (time_ms, number) = (decimal(fields.next()?)?, decimal(fields.next()?)?);
        let mac: [u8; MAC] = unhex(fields.next()?)?;
        if fields.next().is_some() {
            return None;
        }
        let pair = self.pairs.iter().find(|pair| pair.id == id)?;
        hmac::verify(&pair.call, &covered(call, time_ms, number), &mac).ok()?;
        Some(Stamp { time_ms, number, mac })
    }

    /// The proof of the answer to a call. Pages prove themselves and are not covered; what else an
    /// answer says is.
    #[must_use]
    pub fn prove_answer(&self, call: &Stamp, status: u16, said: &[u8]) -> Option<String> {
        let pair = self.pairs.first()?;
        let mac = hmac::sign(&pair.call, &answered(call, status, said));
        Some([VERSION, &hex(&pair.id.0), &hex(mac.as_ref())].join("."))
    }

    /// Checks the proof of an answer.
    #[must_use]
    pub fn check_answer(&self, proof: &str, call: &Stamp, status: u16, said: &[u8]) -> bool {
        let check = || {
            let rest = proof.strip_prefix(VERSION)?.strip_prefix('.')?;
            let (id, mac) = rest.split_once('.')?;
            let (id, mac) = (KeyId(unhex(id)?), unhex::<MAC>(mac)?);
            let pair = self.pairs.iter().find(|pair| pair.id == id)?;
            hmac::verify(&pair.call, &answered(call, status, said), &mac).ok()
        };
        check().is_some()
    }

    /// The signature of a node's registry row.
    #[must_use]
    pub fn sign_row(&self, facts: &NodeFacts) -> Vec<u8> {
        let Some(pair) = self.pairs.first() else {
            return Vec::new();
        };
        let mac = hmac::sign(&pair.row, &facts.to_bytes());
        [pair.id.0.as_slice(), mac.as_ref()].concat()
    }

    /// Whether a node of this cluster wrote the row.
    #[must_use]
    pub fn check_row(&self, facts: &NodeFacts, signature: &[u8]) -> bool {
        let check = || {
            let (id, mac) = signature.split_at_checked(KEY_NAME)?;
            let pair = self.pairs.iter().find(|pair| pair.id.0 == id)?;
            hmac::verify(&pair.row, &facts.to_bytes(), mac).ok()
        };
        check().is_some()
    }
}

/// A number in its shortest decimal form.
fn decimal(text: &str) -> Option<u64> {
    let value: u64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}

fn covered(call: &Call<'_>, time_ms: u64, number: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(192 + call.target.len());
    out.push(b'c');
    put_prefixed(&mut out, call.method.as_bytes());
    put_prefixed(&mut out, call.target.as_bytes());
    out.extend_from_slice(&call.body.0);
    for party in [call.from, call.to] {
        out.extend_from_slice(party.registration.as_bytes());
        out.extend_from_slice(&party.boot.to_le_bytes());
    }
    out.extend_from_slice(&time_ms.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out
}

fn answered(call: &Stamp, status: u16, said: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(80);
    out.push(b'a');
    out.extend_from_slice(&call.mac);
    out.extend_from_slice(&status.to_le_bytes());
    out.extend_from_slice(digest(&SHA256, said).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{NodeId, Registration};
    use crate::keys::MasterKey;

    fn keys(current: u8, previous: &[u8]) -> PeerKeys {
        let key = |byte: u8| MasterKey::from_bytes([byte; 32]).unwrap();
        let previous = previous.iter().map(|byte| key(*byte)).collect();
        PeerKeys::new(&MasterKeys::new(key(current), previous).unwrap()).unwrap()
    }

    fn party(byte: u8, boot: u64) -> Party {
        Party { registration: Registration::from_bytes([byte; 16]), boot }
    }

    fn call() -> Call<'static> {
        Call {
            method: "GET",
            target: "/internal/v1/ping?a=b",
            body: BodyHash::of(b"body"),
            from: party(1, 3),
            to: party(2, 5),
        }
    }

    #[test]
    fn hashes_of_bodies_are_read_as_they_are_written() {
        let hash = BodyHash::of(b"body");
        assert_eq!(BodyHash::parse(&hash.to_string()), Some(hash));
        assert_ne!(BodyHash::of(b""), hash);
        for text in ["", "00", &hash.to_string().to_uppercase(), &format!("{hash}00")] {
            assert_eq!(BodyHash::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_call_is_bound_to_everything() {
        let keys = keys(1, &[]);
        let (proof, stamp) = keys.prove(&call(), 1_700_000_000_000, 7).unwrap();
        assert!(proof.len() <= MAX_PROOF_CHARS);
        assert_eq!(keys.check(&proof, &call()), Some(stamp));
        let others: [(&str, Call<'_>); 8] = [
            ("method", Call { method: "DELETE", ..call() }),
            ("path", Call { target: "/internal/v1/pong?a=b", ..call() }),
            ("query", Call { target: "/internal/v1/ping?a=c", ..call() }),
            ("body", Call { body: BodyHash::of(b"bodY"), ..call() }),
            ("sender", Call { from: party(9, 3), ..call() }),
            ("boot of the sender", Call { from: party(1, 4), ..call() }),
            ("receiver", Call { to: party(9, 5), ..call() }),
            ("boot of the receiver", Call { to: party(2, 6), ..call() }),
        ];
        for (what, other) in others {
            assert_eq!(keys.check(&proof, &other), None, "another {what}");
        }
        let fields: Vec<&str> = proof.split('.').collect();
        for (at, other) in [(0, "2"), (1, "00000000"), (2, "1700000000001"), (3, "8"), (3, "07"), (4, "00")] {
            let mut altered = fields.clone();
            altered[at] = other;
            assert_eq!(keys.check(&altered.join("."), &call()), None, "field {at} as {other}");
        }
        for at in 0..proof.len() {
            for new in ["0", "f"].into_iter().filter(|new| *new != &proof[at..=at]) {
                let altered = [&proof[..at], new, &proof[at + 1..]].concat();
                assert_eq!(keys.check(&altered, &call()), None, "character {at} as {new}");
            }
            assert_eq!(keys.check(&proof[..at], &call()), None, "cut at {at}");
        }
        for other in ["", ".", "1....", "1.....", &"1".repeat(MAX_PROOF_CHARS + 1), &format!("{proof}.")] {
            assert_eq!(keys.check(other, &call()), None, "{other}");
        }
    }

    #[test]
    fn keys_are_changed_node_by_node() {
        let (old, both, new) = (keys(1, &[]), keys(2, &[1]), keys(2, &[]));
        // First every node learns the new key as an earlier one, then each makes it the current one.
        let learned = keys(1, &[2]);
        for (what, from, to, good) in [
            ("old to learned", &old, &learned, true),
            ("learned to old", &learned, &old, true),
            ("both to learned", &both, &learned, true),
            ("learned to both", &learned, &both, true),
            ("new to both", &new, &both, true),
            ("old to new", &old, &new, false),
            ("new to old", &new, &old, false),
        ] {
            let (proof, stamp) = from.prove(&call(), 1, 1).unwrap();
            assert_eq!(to.check(&proof, &call()).is_some(), good, "{what}");
            let answer = to.prove_answer(&stamp, 200, b"").unwrap();
            assert_eq!(from.check_answer(&answer, &stamp, 200, b""), good, "{what}, the answer");
        }
    }

    #[test]
    fn an_answer_is_bound_to_its_call() {
        let keys = keys(1, &[]);
        let (_, stamp) = keys.prove(&call(), 1, 1).unwrap();
        let (_, other) = keys.prove(&call(), 1, 2).unwrap();
        let answer = keys.prove_answer(&stamp, 410, b"gone").unwrap();
        for (what, call, status, said, good) in [
            ("itself", &stamp, 410, b"gone".as_slice(), true),
            ("another call", &other, 410, b"gone", false),
            ("another status", &stamp, 200, b"gone", false),
            ("another text", &stamp, 410, b"gonE", false),
        ] {
            assert_eq!(keys.check_answer(&answer, call, status, said), good, "{what}");
        }
        for bad in ["", "1", "1.", "1..", &answer[..answer.len() - 1], &format!("{answer}0")] {
            assert!(!keys.check_answer(bad, &stamp, 410, b"gone"), "{bad}");
        }
    }

    #[test]
    fn a_row_is_bound_to_its_node() {
        let (keys, strangers) = (keys(1, &[]), keys(2, &[]));
        let facts = NodeFacts {
            id: NodeId::from_bytes([1; 16]),
            registration: Registration::from_bytes([2; 16]),
            boot: 1,
            name: "n1".into(),
            address: Some("10.0.0.1:8190".into()),
        };
        let signature = keys.sign_row(&facts);
        assert!(keys.check_row(&facts, &signature));
        assert!(!keys.check_row(&facts, &strangers.sign_row(&facts)), "another cluster");
        let others = [
            NodeFacts { id: NodeId::from_bytes([9; 16]), ..facts.clone() },
            NodeFacts { registration: Registration::from_bytes([9; 16]), ..facts.clone() },
            NodeFacts { boot: 2, ..facts.clone() },
            NodeFacts { name: "n2".into(), ..facts.clone() },
            NodeFacts { address: Some("10.0.0.2:8190".into()), ..facts.clone() },
            NodeFacts { address: None, ..facts.clone() },
        ];
        for other in others {
            assert!(!keys.check_row(&other, &signature), "{other:?}");
        }
        for cut in 0..signature.len() {
            assert!(!keys.check_row(&facts, &signature[..cut]), "cut at {cut}");
        }
    }
}
