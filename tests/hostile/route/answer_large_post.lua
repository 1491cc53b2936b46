-- expect: route.large
-- mode: post
return { text = ("x"):rep(2 << 20) }
