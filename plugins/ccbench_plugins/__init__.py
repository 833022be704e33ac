"""The plugins that ship with ccbench, one folder each, independent of each other."""
