//! From a URL to rows of JSON over a real database: every value, every function, every level, every fault.

mod data;
mod functions;
mod levels;
mod logic;
mod values;
mod world;

#[test]
fn look() {
    let w = world::World::new(data::PEOPLE);
    for (set, t) in w.mapping.model.entity_sets.iter().zip(&w.mapping.model.entity_types) {
        println!("{} {:?}", set.name, t.navigation.iter().map(|n| n.name.clone() + if n.collection {"*"} else {""}).collect::<Vec<_>>());
    }
    for u in ["Person", "Person?$expand=Team,Line,Skill", "Loose", "LooseNote?$expand=*", "Team?$expand=*"] { println!("{u}\n   {}", w.ask(u)); }
}
