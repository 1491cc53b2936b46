-- An article is read and approved step by step, waits for its hour, and is published.
-- What is changed meanwhile is read again: only the text that all have approved comes out.

local publish = {}

local function default_steps()
  return {
    {
      name = "editor",
      title = t "step.editor",
      to = { position = "editor", unit = "item" },
      within = "2 working days",
      remind = "1 day before",
      escalate = { position = "chief_editor" },
      lint = true,
    },
  }
end

-- True when the hour has come; false when the text was changed before it.
local function wait_for_hour(run, article)
  if not article.publish_at then return true end
  local what = run:any {
    hour = function() run:sleep_until { article, "publish_at" } end,
    changed = function() run:wait("content.approval_voided", { item = article.id }) end,
  }
  return what == "hour"
end

-- What the flow says that calls this one, else what the settings say, else one editor. Not who starts it: whoever may
-- start a flow could name his own reader.
local function way_of(run, input)
  if input.chain or input.steps then
    if not run.parent then error { code = "publication.way", message = t "way" } end
    return input
  end
  if config.chain or config.steps then return config end
  return { steps = default_steps() }
end

---@param run table
---@param input { article: integer, chain: string?, steps: table[]? }
function publish.run(run, input)
  local way = way_of(run, input)
  local article, verdict
  repeat
    verdict = run:call("approvals.chain", {
      type = "article", item = input.article, chain = way.chain, steps = way.steps,
    })
    if verdict.decision ~= "approve" then return { published = false } end

    article = content.get("article", input.article)
    content.approve(article, { by = verdict.answer })
    run:status(t("status.waits", { title = article:title() }))
  until wait_for_hour(run, article)

  article = content.publish(article)
  return { published = true, url = article:url(), revision = verdict.revision, rounds = verdict.rounds }
end

return publish
