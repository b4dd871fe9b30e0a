func.func @tensors(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi32> {
  %z = cuda.sort 0 ins(%x : tensor<4xi32>) outs(%y : tensor<4xi32>) {
  ^bb0(%element: i32):
    cuda.yield %element : i32
  } -> tensor<4xi32>
  return %z : tensor<4xi32>
}
