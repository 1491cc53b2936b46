-- expect: route.answer
-- mode: get
-- What page() has made, and more.
local answer = page("a", {})
answer.html = answer.html .. "<p>Log in anew</p>"
return answer
--- file templates/a.html
<p></p>
