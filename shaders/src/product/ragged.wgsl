// Rows of any length: what is beyond their ends counts as 0.
alias Piece = f32;

fn inside(column: u32, columns: u32) -> u32 {
    return column;
}

fn load_a(row: u32, column: u32, columns: u32) -> vec4<f32> {
    var numbers = vec4<f32>();
    for (var at = 0u; at < 4u; at += 1u) {
        if column + at < columns {
            numbers[at] = a[row + column + at];
        }
    }
    return numbers;
}

fn load_b(row: u32, column: u32, columns: u32) -> vec4<f32> {
    var numbers = vec4<f32>();
    for (var at = 0u; at < 4u; at += 1u) {
        if column + at < columns {
            numbers[at] = b[row + column + at];
        }
    }
    return numbers;
}

fn load_bias(column: u32) -> vec4<f32> {
    var numbers = vec4<f32>();
    for (var at = 0u; at < 4u; at += 1u) {
        if info.bias == 1u && column + at < info.n {
            numbers[at] = bias[column + at];
        }
    }
    return numbers;
}

fn store(start: u32, row: u32, column: u32, numbers: vec4<f32>) {
    for (var at = 0u; at < 4u; at += 1u) {
        if row < info.m && column + at < info.n {
            c[start + row * info.c.row + column + at] = numbers[at];
        }
    }
}
