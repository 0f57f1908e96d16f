// The gradient of logit_rows' three terms with respect to the student's logits, from `stats`:
// one more read of each logit and one write.
//
//   (u₀ + u₁) · (q − p) / T  +  u₂ · (softmax(s) − onehot(label))
//
// `upstream` [8, rows] is the gradient of `stats`; its first three rows are u₀, u₁ and u₂.
// #import rows
@group(0) @binding(0) var<storage, read_write> student: array<f32>; // [rows, classes]
@group(0) @binding(1) var<storage, read_write> teacher: array<f32>; // [rows, classes] or unread
@group(0) @binding(2) var<storage, read_write> labels: array<i32>; // [rows]
@group(0) @binding(3) var<storage, read_write> stats: array<f32>; // [8, rows]
@group(0) @binding(4) var<storage, read_write> upstream: array<f32>; // [8, rows]
@group(0) @binding(5) var<storage, read_write> output: array<f32>; // [rows, classes]
@group(0) @binding(6) var<storage, read_write> info: Info;

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) lid: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let row = row_of(lid, group, groups, info.lanes);
    if row >= info.rows {
        return;
    }
    let rows = info.rows;
    let label = labels[row];
    let max_s = stats[3u * rows + row];
    let log_s = stats[4u * rows + row];
    let log_1 = stats[5u * rows + row];
    let max_t = stats[6u * rows + row];
    let log_t = stats[7u * rows + row];
    let soft = (upstream[row] + upstream[rows + row]) * info.inverse_temperature;
    let hard = upstream[2u * rows + row];

    for (var c = lid % info.lanes; c < info.classes; c += info.lanes) {
        let at = row * info.classes + c;
        let s = floored(student[at]) - max_s;
        var gradient = hard * (exp(s - log_1) - select(0.0, 1.0, i32(c) == label));
        if info.teacher == 1u {
            let q = exp(s * info.inverse_temperature - log_s);
            let p = exp((floored(teacher[at]) - max_t) * info.inverse_temperature - log_t);
            gradient += soft * (q - p);
        }
        output[at] = select(gradient, 0.0, label == -100);
    }
}
