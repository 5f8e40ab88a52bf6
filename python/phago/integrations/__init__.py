"""phago in frameworks: a module each, which needs the extra of its name.

`langchain`: a retriever. `langgraph`: a store, the long-term memory of agents. `llama_index`: a retriever. Each takes a
`Colony`, or whatever else has its methods. There is no vector store: a colony needs no embeddings, and their interface
asks for little else.
"""
