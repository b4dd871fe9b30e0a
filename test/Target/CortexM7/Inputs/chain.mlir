func.func @main_graph(%x: tensor<1024xf32> {tfc.name = "x"}) -> (tensor<1024xf32> {tfc.name = "y"}, tensor<f32> {tfc.name = "s"}) {
  %e = tensor.empty() : tensor<1024xf32>
  %zero = arith.constant 0.0 : f32
  %f = tensor.empty() : tensor<f32>
  %start = linalg.fill ins(%zero : f32) outs(%f : tensor<f32>) -> tensor<f32>
  %a = linalg.exp ins(%x : tensor<1024xf32>) outs(%e : tensor<1024xf32>) -> tensor<1024xf32>
  %s = linalg.reduce ins(%a : tensor<1024xf32>) outs(%start : tensor<f32>) dimensions = [0] (%in: f32, %acc: f32) {
    %r = arith.addf %in, %acc : f32
    linalg.yield %r : f32
  }
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%a, %s : tensor<1024xf32>, tensor<f32>) outs(%e : tensor<1024xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %d = arith.divf %p, %q : f32
    linalg.yield %d : f32
  } -> tensor<1024xf32>
  %z = linalg.exp ins(%y : tensor<1024xf32>) outs(%e : tensor<1024xf32>) -> tensor<1024xf32>
  return %z, %s : tensor<1024xf32>, tensor<f32>
}
