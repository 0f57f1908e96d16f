// How rows of logits are shared out: a row belongs to `lanes` neighbouring invocations, a power
// of two up to GROUP, so a workgroup holds GROUP / lanes rows. Few classes, many rows a group.
const GROUP: u32 = 256u;

struct Info {
    rows: u32,
    classes: u32, // those at hand: all, or a tile of them
    lanes: u32,
    first: u32, // the first of them
    vocabulary: u32, // all classes
    teacher: u32, // 1 when there is a teacher
    inverse_temperature: f32,
    kind: u32, // the divergence
    share: f32, // its β or α
}

// Rows past the last one have nothing to do but must reach every barrier.
fn row_of(lid: u32, group: vec3<u32>, groups: vec3<u32>, lanes: u32) -> u32 {
    return (group.x + group.y * groups.x) * (GROUP / lanes) + lid / lanes;
}

// What a row's label may be beside a class.
const LEFT_OUT: i32 = -100;
const UNLABELLED: i32 = -1;

// Masks are often the smallest float or minus infinity; differences of those must stay finite.
// NaN and plus infinity pass through: a model that diverged has to show.
const FLOOR: f32 = -1e30;

fn floored(logit: f32) -> f32 {
    return select(logit, FLOOR, logit < FLOOR);
}
