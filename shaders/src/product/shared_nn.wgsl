alias Piece = f32;

fn load_a(start: u32, row: u32, at: u32) -> f32 {
    if row < info.m && at < info.k {
        return a[start + row * info.a.row + at];
    }
    return 0.0;
}

fn load_b(start: u32, column: u32, at: u32) -> f32 {
    if column < info.n && at < info.k {
        return b[start + at * info.b.row + column];
    }
    return 0.0;
}

fn place_a(at: u32) -> vec2<u32> {
    return across(at);
}

fn place_b(at: u32) -> vec2<u32> {
    return along(at);
}
