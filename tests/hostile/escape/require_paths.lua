-- expect: survives
-- mode: load
for _, name in ipairs { "../good/init", "..good.init", "/etc/passwd", "good.init", "good", "escape_require_paths/../good.init",
  "", ".", "...", "a\0b", ("x"):rep(100000), "escape_require_paths.plugin\0", "file:///etc/passwd", "\xff\xfe", "io", "os",
  "string", "_G", "package", "escape_require_paths.locale/../init" } do
  assert(not pcall(require, name), name)
end
