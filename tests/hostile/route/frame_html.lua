-- expect: route.answer
-- mode: get
return { html = "<p>Log in anew</p>", frame = true }
