    // #each P TP
    // #each U 4
    let row_a_$P_$U = a0 + min(m0 + 4u * $Pu + $Uu, info.m - 1u) * info.a.row;
    // #end
    // #end
    // #each Q TQ
    // #each V 4
    let row_b_$Q_$V = b0 + min(n0 + 4u * $Qu + $Vu, info.n - 1u) * info.b.row;
    // #end
    // #end
    for (var k = 0u; k < info.k; k += 4u) {
        // #each Q TQ
        // #each V 4
        let b_$Q_$V = load_b(row_b_$Q_$V, k, info.k);
        // #end
        // #end
        // #each P TP
        // #each U 4
        {
            let a = load_a(row_a_$P_$U, k, info.k);
            // #each Q TQ
            c_$P_$U_$Q += vec4<f32>(dot(a, b_$Q_0), dot(a, b_$Q_1), dot(a, b_$Q_2), dot(a, b_$Q_3));
            // #end
        }
        // #end
        // #end
    }
