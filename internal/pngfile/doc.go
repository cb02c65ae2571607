// Package pngfile reads PNG files at the level of exact samples, and writes them as small as
// lossless coding allows.
//
// It exists beside the picture library because two promises need more than "a picture": a
// lossless result must hold the very samples of the input (also those under full
// transparency, which picture libraries like to change), and every read of a hostile file
// must be bounded before memory is spent. Source: the PNG specification, third edition
// (W3C, 2025), called "PNG" in the comments here.
//
// The optimizer's result depends only on the samples and the chunks it is told to keep, not
// on how the input happened to store them. Optimizing its own output therefore gives the same
// bytes again.
package pngfile
