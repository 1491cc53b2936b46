-- expect: route.answer
-- mode: get
local answer = page("a", {})
answer.headers = { ["Cache-Control"] = "max-age=600" }
return answer
--- file templates/a.html
<p></p>
