// softmax(q·kᵀ / divisor + mask)·v without its matrices (Dao et al. 2022, "FlashAttention", algorithm 1, with the
// running softmax of Milakov and Gimelshein 2018). An invocation has ROWS queries of a head, and sees four keys at a time.

// #import attention

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>; // [text, head, query, size]
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>; // [text, head / sharing, key, size]
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>; // the same
@group(0) @binding(3) var<storage, read_write> mask: array<f32>; // [1 or text, 1 or query, key]
@group(0) @binding(4) var<storage, read_write> context: array<vec4<f32>>; // [text, query, head, size]
@group(0) @binding(5) var<storage, read_write> logs: array<f32>; // [text, query, head]: log Σ exp of the scores
@group(0) @binding(6) var<storage, read> info: Info;

@compute @workgroup_size($GROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let first = id.x * $ROWSu;
    if first >= info.queries {
        return;
    }
    let text = id.z / info.heads;
    let head = id.z % info.heads;
    // #each I ROWS
    let row_$I = min(first + $Iu, info.queries - 1u);
    let at_$I = start(info.q, text, head, row_$I);
    let hides_$I = text * info.mask_text + row_$I * info.mask_row;
    let place_$I = (id.z * info.queries + row_$I) * info.keys;
    var most_$I = -3.4e38;
    var sum_$I = 0.0;
    // #each J PARTS
    let q_$I_$J = q[at_$I + $Ju];
    var o_$I_$J = vec4<f32>();
    // #end
    // #end

    for (var key = 0u; key < info.keys; key += 4u) {
        // #each B 4
        let key_$B = min(key + $Bu, info.keys - 1u);
        let beyond_$B = key + $Bu >= info.keys;
        let k_$B = start(info.k, text, head / info.sharing, key_$B);
        let v_$B = start(info.v, text, head / info.sharing, key_$B);
        // #each I ROWS
        var s_$I_$B = 0.0;
        // #end
        // #each J PARTS
        let k_$B_$J = k[k_$B + $Ju];
        // #each I ROWS
        s_$I_$B += dot(q_$I_$J, k_$B_$J);
        // #end
        // #end
        // #each I ROWS
        s_$I_$B = select(s_$I_$B * info.inverse + mask[hides_$I + key_$B], -3.4e38, beyond_$B);
        // #end
        // #end
        // #each I ROWS
        let larger_$I = max(most_$I, max(max(s_$I_0, s_$I_1), max(s_$I_2, s_$I_3)));
        let fades_$I = exp(most_$I - larger_$I);
        most_$I = larger_$I;
        var p_$I = exp(vec4<f32>(s_$I_0, s_$I_1, s_$I_2, s_$I_3) - larger_$I);
        sum_$I = sum_$I * fades_$I + (p_$I.x + p_$I.y + p_$I.z + p_$I.w);
        let key_at_$I = place_$I + key;
        p_$I *= vec4<f32>(kept(key_at_$I), kept(key_at_$I + 1u), kept(key_at_$I + 2u), kept(key_at_$I + 3u));
        // #each J PARTS
        o_$I_$J *= fades_$I;
        // #end
        // #end
        // #each J PARTS
        // #each B 4
        let v_$B_$J = v[v_$B + $Ju];
        // #end
        // #each I ROWS
        o_$I_$J += p_$I.x * v_0_$J + p_$I.y * v_1_$J + p_$I.z * v_2_$J + p_$I.w * v_3_$J;
        // #end
        // #end
    }

    // #each I ROWS
    if first + $Iu < info.queries {
        let to = ((text * info.queries + row_$I) * info.heads + head) * $PARTSu;
        // #each J PARTS
        context[to + $Ju] = o_$I_$J / sum_$I;
        // #end
        logs[(text * info.queries + row_$I) * info.heads + head] = most_$I + log(sum_$I);
    }
    // #end
}
