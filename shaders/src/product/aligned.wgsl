// Rows of A, B and C are multiples of four numbers long and apart.
alias Piece = vec4<f32>;

// What is read in the place of numbers beyond the end of a row: they are not stored.
fn inside(column: u32, columns: u32) -> u32 {
    return min(column, columns - 4u);
}

fn load_a(row: u32, column: u32, columns: u32) -> vec4<f32> {
    return a[(row + column) / 4u];
}

fn load_b(row: u32, column: u32, columns: u32) -> vec4<f32> {
    return b[(row + column) / 4u];
}

fn load_bias(column: u32) -> vec4<f32> {
    if info.bias == 0u {
        return vec4<f32>();
    }
    return bias[inside(column, info.n) / 4u];
}

fn store(start: u32, row: u32, column: u32, numbers: vec4<f32>) {
    if row < info.m && column < info.n {
        c[(start + row * info.c.row + column) / 4u] = numbers;
    }
}
