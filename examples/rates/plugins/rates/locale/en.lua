return {
  ["none"] = "There is no rate yet, and none could be fetched.",
}
