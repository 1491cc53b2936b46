-- expect: survives
for _, d in ipairs { "-1s", "1e308s", ("9"):rep(400) .. "d", "", "x", {}, 0 / 0, { nil, "publish_at" }, { run, "publish_at" }, print, run } do
  assert(not pcall(run.sleep, run, d))
end
