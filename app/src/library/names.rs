//! Names that people can remember and say: `amber-flask-07`.

const KINDS: [&str; 32] = [
    "amber", "ashen", "bright", "brisk", "calm", "clear", "cobalt", "copper", "crisp", "dusky", "eager", "early",
    "fine", "gentle", "golden", "hazel", "ivory", "keen", "late", "light", "mellow", "misty", "noble", "pale", "quiet",
    "rapid", "silver", "slow", "steady", "umber", "violet", "warm",
];

const THINGS: [&str; 32] = [
    "alembic", "balance", "basin", "beaker", "bellows", "bottle", "burner", "column", "cooler", "crucible", "decanter",
    "drop", "ember", "essence", "filter", "flask", "funnel", "furnace", "helmet", "kettle", "ladle", "mortar", "oven",
    "pestle", "phial", "reagent", "retort", "scale", "spirit", "still", "tincture", "vapour",
];

/// An id that is not taken, out of some hundred thousand, by a number that may be the time.
pub fn id(seed: u64, taken: &impl Fn(&str) -> bool) -> String {
    let mut seed = seed;
    loop {
        let mixed = mix(seed);
        let place = |shift: u32| (mixed >> shift) as usize;
        let id = format!("{}-{}-{:02}", KINDS[place(0) % 32], THINGS[place(8) % 32], place(16) % 100);
        if !taken(&id) {
            return id;
        }
        seed = seed.wrapping_add(1);
    }
}

/// Whether this can be an id: it then is also a directory's name.
pub fn is_id(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let known = |list: &[&str], part: Option<&str>| part.is_some_and(|part| list.contains(&part));
    known(&KINDS, parts.next())
        && known(&THINGS, parts.next())
        && parts.next().is_some_and(|digits| digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Neighbouring numbers far from each other (SplitMix64, Steele et al. 2014).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_told_apart_and_known_again() {
        let first = id(1, &|_| false);
        assert!(is_id(&first), "{first}");
        let next = id(1, &|id| id == first);
        assert!(next != first && is_id(&next), "{next}");
        assert!(!is_id("../a") && !is_id("amber-flask") && !is_id("amber-flask-7") && !is_id("amber-flask-0a"));
        // A thousand in a row are nearly all different: of 102,400 some five pairs meet.
        let many: BTreeSet<String> = (0..1000).map(|seed| id(seed, &|_| false)).collect();
        assert!(many.len() > 980, "{}", many.len());
    }
}
