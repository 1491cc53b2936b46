-- expect: limit. | invalid. | template.
-- mode: post
return page("a", { text = ("x"):rep(3 << 20) })
--- file templates/a.html
{{text}}
