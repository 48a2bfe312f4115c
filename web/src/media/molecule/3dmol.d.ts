/** The minified build: the other one is ten times as large and needs no less. */
declare module "3dmol/build/3Dmol.es6-min.js" {
  export * from "3dmol";
}
