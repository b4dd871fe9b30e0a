// RUN: tfc-opt %s --split-input-file --verify-diagnostics

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
func.func @number_of_maps(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected 3 maps, found 2}}
  %y = cuda.product f32 maps [#mk, #kn] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#two = affine_map<(m, n) -> (m, n)>
func.func @loops(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected maps from the same three loops at least, found affine_map<(d0, d1) -> (d0, d1)>}}
  %y = cuda.product f32 maps [#mk, #kn, #two] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
func.func @rank(%a: tensor<4x8xf32>, %b: tensor<8x4x1xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected as many indices as dimensions, found affine_map<(d0, d1, d2) -> (d2, d1)> for 'tensor<8x4x1xf32>'}}
  %y = cuda.product f32 maps [#mk, #kn, #mn] ins(%a, %b : tensor<4x8xf32>, tensor<8x4x1xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#mn = affine_map<(m, n, k) -> (m, n)>
#kn = affine_map<(m, n, k) -> (k, n)>
func.func @depth(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected a and b to be indexed by the loop k}}
  %y = cuda.product f32 maps [#mn, #kn, #mn] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
func.func @sides(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected a without the loop n, and b without m}}
  %y = cuda.product f32 maps [#kn, #kn, #mn] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#n = affine_map<(m, n, k) -> (n)>
func.func @sums(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4xf32>) {
  // expected-error @below {{expected the same of the loops m and n in init as in a and b, found affine_map<(d0, d1, d2) -> (d1)>}}
  %y = cuda.product f32 maps [#mk, #kn, #n] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4xf32>
  return
}

// -----

#shift = affine_map<(m, n, k) -> (m + 1, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
func.func @window(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected the loops m and n to be indices as they are, found affine_map<(d0, d1, d2) -> (d0 + 1, d2)>}}
  %y = cuda.product f32 maps [#shift, #kn, #mn] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
func.func @summed(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected the loop k in a and b only, found affine_map<(d0, d1, d2) -> (d0, d2)>}}
  %y = cuda.product f32 maps [#mk, #kn, #mk] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#zero = affine_map<(m, n, k) -> (m, n, 0)>
func.func @diagonal(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4x1xf32>) {
  // expected-error @below {{expected init to be indexed by loops, found affine_map<(d0, d1, d2) -> (d0, d1, 0)>}}
  %y = cuda.product f32 maps [#mk, #kn, #zero] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4x1xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4x1xf32>
  return
}

// -----

#bmk = affine_map<(b, m, n, k) -> (m, k)>
#bkn = affine_map<(b, m, n, k) -> (k, n)>
#bmn = affine_map<(b, m, n, k) -> (m, n)>
func.func @batch(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected all batch loops in init, found affine_map<(d0, d1, d2, d3) -> (d1, d2)>}}
  %y = cuda.product f32 maps [#bmk, #bkn, #bmn] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
func.func @factors(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected factors of 'f16', found 'tensor<4x8xf32>'}}
  %y = cuda.product f16 maps [#mk, #kn, #mn] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
func.func @argument(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) {
  // expected-error @below {{expected an epilogue of 'f32'}}
  %y = cuda.product f32 maps [#mk, #kn, #mn] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf32>) {
  ^bb0(%sum: f32, %other: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf32>
  return
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
func.func @element(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf16>) {
  // expected-error @below {{expected an epilogue that yields 'f16'}}
  %y = cuda.product f32 maps [#mk, #kn, #mn] ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
      outs(%c : tensor<4x4xf16>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x4xf16>
  return
}

// -----

func.func @sort_dimension(%x: memref<4xi32>, %y: memref<4xi32>) {
  // expected-error @below {{expected a dimension of the input, found 1 of 'memref<4xi32>'}}
  cuda.sort 1 ins(%x : memref<4xi32>) outs(%y : memref<4xi32>) {
  ^bb0(%element: i32):
    cuda.yield %element : i32
  }
  return
}

// -----

func.func @sort_destinations(%x: memref<4xi32>, %y: memref<4xi32>) {
  // expected-error @below {{expected one destination or two, found 3}}
  cuda.sort 0 ins(%x : memref<4xi32>) outs(%y, %y, %y : memref<4xi32>, memref<4xi32>, memref<4xi32>) {
  ^bb0(%element: i32):
    cuda.yield %element : i32
  }
  return
}

// -----

func.func @sort_places(%x: memref<4xi32>, %y: memref<3xi32>) {
  // expected-error @below {{expected rows of 'memref<4xi32>', found 'memref<3xi32>'}}
  cuda.sort 0 ins(%x : memref<4xi32>) outs(%y : memref<3xi32>) {
  ^bb0(%element: i32):
    cuda.yield %element : i32
  }
  return
}

// -----

func.func @sort_first(%x: memref<2x4xi32>, %y: memref<2x3xi32>, %z: memref<2x5xi32>) {
  // expected-error @below {{expected rows of 'memref<2x4xi32>' or shorter ones, found 'memref<2x5xi32>'}}
  cuda.sort 1 ins(%x : memref<2x4xi32>) outs(%y, %z : memref<2x3xi32>, memref<2x5xi32>) {
  ^bb0(%element: i32):
    cuda.yield %element : i32
  }
  return
}

// -----

func.func @sort_values(%x: memref<4xi32>, %y: memref<4xf32>, %z: memref<4xi32>) {
  // expected-error @below {{expected values of 'i32', found 'memref<4xf32>'}}
  cuda.sort 0 ins(%x : memref<4xi32>) outs(%y, %z : memref<4xf32>, memref<4xi32>) {
  ^bb0(%element: i32):
    cuda.yield %element : i32
  }
  return
}

// -----

func.func @sort_positions(%x: memref<4xi32>, %y: memref<4xf32>) {
  // expected-error @below {{expected integers, found 'memref<4xf32>'}}
  cuda.sort 0 ins(%x : memref<4xi32>) outs(%y : memref<4xf32>) {
  ^bb0(%element: i32):
    cuda.yield %element : i32
  }
  return
}

// -----

func.func @sort_elements(%x: memref<4xi32>, %y: memref<4xi32>) {
  // expected-error @below {{expected a key of 'i32'}}
  cuda.sort 0 ins(%x : memref<4xi32>) outs(%y : memref<4xi32>) {
  ^bb0(%element: i8):
    cuda.yield %element : i8
  }
  return
}

// -----

func.func @sort_key(%x: memref<4xf32>, %y: memref<4xi32>) {
  // expected-error @below {{expected a key of an integer of 64 bits or less}}
  cuda.sort 0 ins(%x : memref<4xf32>) outs(%y : memref<4xi32>) {
  ^bb0(%element: f32):
    cuda.yield %element : f32
  }
  return
}
