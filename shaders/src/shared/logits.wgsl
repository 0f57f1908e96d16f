// Both models' logits of one class, which is the c-th here.
fn at(row: u32, c: u32) -> vec2<f32> {
    let place = row * info.classes + c;
    var t = 0.0;
    if info.teacher == 1u {
        t = floored(teacher[place]);
    }
    return vec2<f32>(floored(student[place]), t);
}
