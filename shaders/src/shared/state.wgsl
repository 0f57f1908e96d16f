// What is known of rows whose vocabulary comes in tiles, as logit_tile.wgsl describes it.
fn kept(number: u32, row: u32) -> f32 {
    return state[number * info.rows + row];
}

fn keep(number: u32, row: u32, value: f32) {
    state[number * info.rows + row] = value;
}

fn rest_of(row: u32) -> Part {
    return Part(
        kept(0u, row), kept(1u, row), kept(2u, row), kept(3u, row),
        kept(4u, row), kept(5u, row), kept(6u, row), kept(7u, row),
    );
}

fn label_of(row: u32) -> vec2<f32> {
    return vec2<f32>(kept(8u, row), kept(9u, row));
}
