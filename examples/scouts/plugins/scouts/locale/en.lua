return {
  ["appoint.task"] = "{panel}: appoint {person}?",
  ["appoint.panel"] = "There is no panel {panel}.",
  ["appoint.nobody"] = "Nobody in {panel} may vote on this.",
}
