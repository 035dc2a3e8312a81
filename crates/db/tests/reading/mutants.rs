//! URLs that are nearly right: whatever a client sends, it is answered or refused, and never a fault of the server.

use nextlink_odata::json::Format;
use nextlink_odata::version::{MetadataLevel, Version};

use crate::data::{PEOPLE, VALUES};
use crate::world::{Ask, Failure, World};

/// Pieces that URLs are put together from.
const CORPUS: &[&str] = &[
    "Person?$filter=Age add 1 gt 30 and not contains(Name,'a') or Nick in ('ace',null)&$orderby=Nick desc&$top=3",
    "Person?$expand=Line($filter=Amount gt 1;$orderby=No desc;$top=1;$count=true),Skill($select=Label),Team",
    "Team('red')/Person(1)/Line(PersonId=1,No=2)/Amount/$value",
    "Team('o''hara%2F1%20%25')/Person/$count?$search=cyd OR \"bob\" NOT x",
    "Person?$filter=Skill/any(s:s/Person/all(p:p/Id ne Id and $it/Boss/Age ge 5))&$select=Id,Name&$skip=1",
    "Person?$filter=Line/$count($filter=Amount div 2 lt @p) eq 1&@p=3.5&$count=true",
    "Person?$expand=PersonByBoss($levels=3;$expand=Boss),Boss($levels=max)&$orderby=Boss/Age,Line/$count desc",
    "Person(3)?$select=Id&$expand=Team/$ref,Line/$count",
    "Loose?$filter=Team ne null and A eq 'a'&$orderby=B",
    "LooseNote(2)/Loose/Team/Title",
    "One?$filter=I in (1,-2,9223372036854775807) or D eq INF or D lt -1.5e10 or P mul 0.1 ge -0.25",
    "One?$filter=year(At) eq 2024 and At add duration'P1DT2H' gt now() and date(At) le Day and time(At) ne Clock",
    "One?$filter=substring(T,-3,2) eq tolower(N) and indexof(T,'%C3%BC') gt 0 and matchesPattern(T,'^G')",
    "One?$filter=G eq 0f8fad5b-d9cb-469f-a165-70867728950e or H eq G or B eq binary'AP8Q'",
    "One?$filter=cast(S,Edm.String) eq '-7' and case(F:1,true:2.5) eq round(D) and isof(T,Edm.String)",
    "One?$orderby=T desc,N,P add 1,-I,length(T)&$select=T,F",
    "One(1)/At",
    "One?$filter=F eq (S lt 0) and not (F and null eq D)",
];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    /// Words, and what stands between them.
    fn words(text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        let mut start = 0;
        for (at, c) in text.char_indices() {
            if !c.is_alphanumeric() {
                words.extend([&text[start..at], &text[at..at + c.len_utf8()]]);
                start = at + c.len_utf8();
            }
        }
        words.push(&text[start..]);
        words.retain(|word| !word.is_empty());
        words
    }

    fn mutant(&mut self) -> String {
        let mut words = Dice::words(CORPUS[self.roll(CORPUS.len())]);
        for _ in 0..=self.roll(3) {
            let other = Dice::words(CORPUS[self.roll(CORPUS.len())]);
            let at = self.roll(words.len());
            let from = self.roll(other.len());
            match self.roll(5) {
                0 => drop(words.remove(at)),
                1 => words[at] = other[from],
                2 => words.insert(at, other[from]),
                3 => {
                    let other = (at + 2) % words.len();
                    words.swap(at, other);
                }
                _ => {
                    let to = (from + 1 + self.roll(6)).min(other.len());
                    words.splice(at..at, other[from..to].iter().copied());
                }
            }
            if words.is_empty() {
                words.push("One");
            }
        }
        words.concat()
    }
}

#[test]
fn no_url_is_a_fault_of_the_server() {
    let worlds = [World::new(PEOPLE), World::new(VALUES)];
    let full = Format {
        version: Version::V401,
        metadata: MetadataLevel::Full,
        ieee754_compatible: true,
        omit_nulls: true,
    };
    let mut dice = Dice(11);
    let mut answered = 0;
    let rounds = std::env::var("MUTANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(6_000);
    for round in 0..rounds {
        let url = dice.mutant();
        let mut ask = Ask::default();
        if round % 2 == 0 {
            ask.format = full;
            ask.limits.rows = 2;
        }
        for world in &worlds {
            match world.ask_with(&url, &ask) {
                Ok(_) => answered += 1,
                Err(Failure::Parse(error)) => assert!(error.at as usize <= url.len(), "{url}: {error}"),
                Err(Failure::Bind(error)) => assert!(error.at as usize <= url.len(), "{url}: {error}"),
                Err(Failure::Unsupported(_) | Failure::NoQuery) => {}
                Err(Failure::Run(error)) if error.is_of_expression() => {}
                Err(other) => panic!("{url}: {other}"),
            }
        }
    }
    assert!(answered > rounds / 20, "too few mutants are right: {answered} of {rounds}");
}
