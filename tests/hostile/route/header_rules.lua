-- expect: route.header
-- mode: get
return { html = "<script>1</script>", headers = { ["Content-Security-Policy"] = "script-src *" } }
