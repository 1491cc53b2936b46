-- expect: survives
-- mode: loop
for _, path in ipairs { "/", "/etc", "/etc/passwd", "../..", "", "\0", ("x"):rep(100000), "/proc/self/fd", "/dev" } do
  assert(not pcall(loop.watch, path, function() end), path)
end
