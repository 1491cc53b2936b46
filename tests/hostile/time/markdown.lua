-- expect: limit.time
while true do text.markdown(("- a\n"):rep(2000)) end
