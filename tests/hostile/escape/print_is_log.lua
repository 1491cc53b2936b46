-- expect: survives
print("\27[2J\27]0;evil\7", "line\nservice.ready port=1", "\0", "\xff")
log.info("x\n{\"event\":\"service.ready\"}", { ["a\nb"] = "c\nd" })
log.error(("%s"):rep(100), { x = "%n%n%n" })
