"""How well a colony answers, measured on judged collections."""
