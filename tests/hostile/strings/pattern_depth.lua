-- expect: survives | limit.time
pcall(string.find, ("x"):rep(300000), ("x?"):rep(300000) .. ("x"):rep(300000))
