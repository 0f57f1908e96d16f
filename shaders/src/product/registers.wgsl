// A tile of C in every invocation, TM × TN numbers in names of their own; nothing is shared with the others.
// For adapters that imitate a graphics device, where sharing costs more than reading again.

// #matrices

@compute @workgroup_size(8, 2)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let m0 = id.y * $TMu;
    let n0 = id.x * $TNu;
    if m0 >= info.m || n0 >= info.n {
        return;
    }
    let a0 = start(id.z, info.a);
    let b0 = start(id.z, info.b);
    let c0 = start(id.z, info.c);
    // #each Q TQ
    let bias_$Q = load_bias(n0 + 4u * $Qu);
    // #end
    // #each P TP
    // #each U 4
    // #each Q TQ
    var c_$P_$U_$Q = bias_$Q;
    // #end
    // #end
    // #end

    // #sum

    // #each P TP
    // #each U 4
    // #each Q TQ
    store(c0, m0 + 4u * $Pu + $Uu, n0 + 4u * $Qu, c_$P_$U_$Q);
    // #end
    // #end
    // #end
}
